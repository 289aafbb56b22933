import { z } from "zod";

/** The keys that say where calls go: calendars, routes, blocked numbers, and what a branch has of its own. */

const DIGITS = /^[0-9]{1,15}$/;
const MAX_STRIP = 32;
const MAX_WEIGHT = 1000;

export const digits = z.string().regex(DIGITS, "must be 1 to 15 digits in quotes");
const pattern = z
  .string()
  .meta({ description: '`"1xxx"`, `"1000-1999"` or `"852*"`, in quotes.', examples: ['"8000"'] });
const numbers = z.array(pattern).min(1);

export const rewriteKeys = {
  strip: z
    .int()
    .min(0)
    .max(MAX_STRIP)
    .optional()
    .meta({ description: "How many digits to take off the front. Left out: none.", examples: ["1"] }),
  prepend: digits
    .optional()
    .meta({ description: "Digits to put in front, after `strip`. Left out: none.", examples: ['"62"'] }),
  number: digits
    .optional()
    .meta({ description: "A number to take instead, without `strip` and `prepend`.", examples: ['"1500"'] }),
};

const callerSchema = z.strictObject(rewriteKeys).meta({
  description: "What the callee sees of the calling number. Left out: as it is.",
  examples: ['{ prepend: "7" }'],
});

const conditionKeys = {
  from: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: "Branches that the call comes from. Left out: all.", examples: ["[hk]"] }),
  when: z
    .string()
    .optional()
    .meta({
      description: "A calendar that is open (`office`), or that is not (`not office`). Left out: at any time.",
      examples: ["office"],
    }),
};

export const calendarsSchema = z
  .record(
    z.string(),
    z
      .strictObject({
        site: z
          .string()
          .optional()
          .meta({
            description: "The branch whose clock counts. Left out: the branch that the call comes from.",
            examples: ["hk"],
          }),
        timeZone: z
          .string()
          .optional()
          .meta({
            description: "IANA name of the time zone whose clock counts, instead of that of a `site`.",
            examples: ["Asia/Hong_Kong"],
          }),
        open: z
          .array(z.string().meta({ description: "Days and hours.", examples: ["mon-fri 09:00-18:00"] }))
          .min(1)
          .meta({
            description:
              "Hours: `mon-fri 09:00-18:00`, `sat,sun 22:00-06:00`, `daily 00:00-24:00`; `12-24 09:00-12:00` on a date, " +
              "which then has no other hours. Past midnight they belong to the day on which they begin.",
            examples: ["[mon-fri 09:00-18:00]"],
          }),
        closed: z
          .array(z.string().meta({ description: "A date, or two with `to` between.", examples: ['"12-25"'] }))
          .optional()
          .meta({
            description: 'Days off: `"12-25"` of every year, `"2027-02-06 to 2027-02-09"`.',
            examples: ['["12-25"]'],
          }),
      })
      .meta({ description: "Opening hours, by a name that `when` refers to." }),
  )
  .prefault({})
  .meta({ description: "Opening hours for `when`.", examples: ["{ office: { open: [mon-fri 09:00-18:00] } }"] });

export const routesSchema = z
  .record(
    z.string(),
    z
      .strictObject({
        numbers: numbers.meta({ description: "Dialled numbers that it is for.", examples: ['["8000"]'] }),
        ...conditionKeys,
        to: z
          .array(
            z
              .strictObject({
                ...rewriteKeys,
                priority: z
                  .int()
                  .min(1)
                  .max(100)
                  .optional()
                  .meta({ description: "Lower ones are tried first. Left out: 1.", examples: ["1"] }),
                weight: z
                  .int()
                  .min(1)
                  .max(MAX_WEIGHT)
                  .optional()
                  .meta({ description: "Share of the calls among equal priorities. Left out: 1.", examples: ["70"] }),
              })
              .meta({
                description: "A number to call instead; whoever has it gets the call.",
                examples: ['{ number: "1500" }'],
              }),
          )
          .min(1)
          .max(16)
          .meta({
            description: "Where it leads. Each number is looked up again, without this route.",
            examples: ['[{ number: "1500" }]'],
          }),
        caller: callerSchema.optional(),
      })
      .meta({ description: "A route: other numbers for those that are dialled." }),
  )
  .prefault({})
  .meta({
    description: "Routes of the hubs.",
    examples: ['{ support: { numbers: ["8000"], to: [{ number: "1500" }] } }'],
  });

export const blockedSchema = z
  .record(
    z.string(),
    z
      .strictObject({
        numbers: numbers.meta({ description: "Numbers that must not be called (403).", examples: ['["0900*"]'] }),
        except: z
          .array(pattern)
          .optional()
          .meta({ description: "Numbers among them that may be called.", examples: ['["0900123*"]'] }),
        ...conditionKeys,
      })
      .meta({ description: "Blocked numbers: they are blocked whatever other rules say." }),
  )
  .prefault({})
  .meta({ description: "Numbers that must not be called.", examples: ['{ premium: { numbers: ["0900*"] } }'] });

export const branchRuleKeys = {
  siteCode: digits.optional().meta({
    description:
      'Digits at the front of `numbers` that the others dial and the branch\'s own phones do not have: with `siteCode: "6"` ' +
      'and `numbers: ["61xxx"]` its extensions are 1000 to 1999.',
    examples: ['"6"'],
  }),
  numbersElsewhere: z
    .array(pattern)
    .optional()
    .meta({
      description:
        "Numbers among `numbers` that other branches have, where this file does not describe those branches: " +
        "`mss bundle` writes it. Left out: none but what the file says.",
      examples: ['["15xx"]'],
    }),
  timeZone: z
    .string()
    .default("UTC")
    .meta({ description: "IANA name of the time zone, for calendars.", examples: ["Asia/Hong_Kong"] }),
  emergency: z
    .strictObject({
      numbers: z
        .array(digits)
        .meta({ description: "They never leave the branch. `[]`: none, on purpose.", examples: ['["999", "112"]'] }),
      to: z
        .array(z.string())
        .default([])
        .meta({
          description:
            "Gateways and carrier lines (by name) and extensions (by number) that take the call, tried in this order.",
          examples: ['[pstn, "1999"]'],
        }),
    })
    .optional()
    .meta({ description: "Emergency numbers of this site.", examples: ['{ numbers: ["999"], to: [pstn] }'] }),
  gateways: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
      z
        .strictObject({
          address: z.string().meta({
            description: "`udp://` or `tcp://`, an IP address and a port.",
            examples: ["udp://192.0.2.20:5060"],
          }),
          caller: callerSchema.optional(),
        })
        .meta({
          description: "A SIP gateway, by a name that `emergency` refers to; it is called without registration.",
        }),
    )
    .prefault({})
    .meta({ description: "SIP gateways of this site.", examples: ["{ pstn: { address: udp://192.0.2.20:5060 } }"] }),
};
