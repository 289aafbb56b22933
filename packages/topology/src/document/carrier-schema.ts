import { z } from "zod";
import { callRateSchema } from "./call-limits.ts";
import { digits, rewriteKeys } from "./rules-schema.ts";
import { secretSchema } from "./secret-schema.ts";

/** The keys of a branch that are about its lines to the public telephone network. */

const MAX_CALLS = 100_000;
const MAX_EXPIRES_SECONDS = 86_400;
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** What may stand as a user name without being escaped (RFC 3261 §25.1), and does not steer a URI. */
const USER = /^[A-Za-z0-9+._~!*'()&=$,-]{1,64}$/;
const CALLER_NUMBER = /^\+?[0-9]{1,15}$/;
const DOMAIN = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

const accountSchema = z
  .strictObject({
    user: z
      .string()
      .regex(USER, "must be 1 to 64 letters, digits or one of + . _ ~ ! * ' ( ) & = $ , -")
      .meta({ description: "User name at the carrier.", examples: ['"85221230000"'] }),
    secret: secretSchema,
    realm: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .meta({
        description:
          "The realm whose challenges are answered, and no others. Left out: `domain`. The log names the realm that the carrier asks for.",
        examples: ["asterisk"],
      }),
    register: z
      .boolean()
      .default(true)
      .meta({
        description: "`false`: the account does not register; its password is for calls alone.",
        examples: ["true"],
      }),
    expiresSeconds: z
      .int()
      .min(60)
      .max(MAX_EXPIRES_SECONDS)
      .default(600)
      .meta({
        description: "How long a registration is asked for. It is refreshed at half of what is granted.",
        examples: ["600"],
      }),
  })
  .meta({
    description: "Account at the carrier. Left out: it knows the branch by its address, and nothing registers.",
    examples: ['{ user: "85221230000", secret: { env: CARRIER_SECRET } }'],
  });

const callerSchema = z
  .strictObject({
    number: z
      .string()
      .regex(CALLER_NUMBER, "must be 1 to 15 digits in quotes, with + in front if the carrier wants it")
      .optional()
      .meta({
        description: "Shown for an extension that has no public number. Left out: the user name of the account.",
        examples: ['"+85221230000"'],
      }),
    unified: z
      .boolean()
      .default(false)
      .meta({
        description: "`true`: `number` is shown for every extension, whether it has a public number or not.",
        examples: ["true"],
      }),
    asserted: z
      .boolean()
      .default(false)
      .meta({
        description:
          "`true`: the carrier is trusted to keep callers to itself who do not want to be shown. It is told the number by " +
          "P-Asserted-Identity (RFC 3325), also of calls that are anonymous.",
        examples: ["true"],
      }),
  })
  .prefault({})
  .meta({ description: "What the carrier is told of who calls.", examples: ['{ number: "+85221230000" }'] });

const lineSchema = z
  .strictObject({
    server: z.string().meta({
      description:
        "`udp://`, `tcp://` or `tls://`, and the carrier's IP address or DNS name; without a port DNS says it (SRV), else 5060, for TLS 5061.",
      examples: ["udp://sip.carrier.example"],
    }),
    priority: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .meta({ description: "Lower ones are tried first, equal ones in file order.", examples: ["1"] }),
    account: accountSchema.optional(),
    domain: z
      .string()
      .regex(DOMAIN, "must be a DNS name or an IP address")
      .optional()
      .meta({
        description: "Host part of the SIP addresses at the carrier. Left out: that of `server`.",
        examples: ["carrier.example"],
      }),
    sources: z
      .array(z.string())
      .default([])
      .meta({
        description:
          "Further IP addresses and networks (`192.0.2.0/24`) that the carrier calls from. Calls of `server` itself are taken anyway.",
        examples: ["[192.0.2.0/24]"],
      }),
    caller: callerSchema,
    called: z
      .strictObject(rewriteKeys)
      .optional()
      .meta({
        description:
          "Makes an international number, without `+`, of a called number that is none: for a carrier that sends national numbers. Left " +
          "out: they are international.",
        examples: ['{ strip: 1, prepend: "44" }'],
      }),
    internationalPrefix: z
      .string()
      .regex(/^(?:\+|[0-9]{0,6})$/, 'must be "+", up to 6 digits, or ""')
      .default("+")
      .meta({ description: "Written before an international number for this carrier.", examples: ['"00"'] }),
    maxCalls: z
      .int()
      .min(1)
      .max(MAX_CALLS)
      .optional()
      .meta({
        description: "Calls at once, both directions together; a further one tries the next line. Left out: no limit.",
        examples: ["10"],
      }),
    callRate: callRateSchema.optional().meta({
      description: "New calls a second towards the carrier; more try the next line. Left out: no limit.",
      examples: ["{ perSecond: 2, burst: 5 }"],
    }),
    probe: z
      .boolean()
      .default(true)
      .meta({
        description:
          "Asks the carrier by OPTIONS every 30 s whether it is there; any answer but 503 will do. `false` for one that answers none.",
        examples: ["false"],
      }),
  })
  .meta({ description: "A carrier line, by a name that `overflow` and `emergency` refer to." });

const carrierSchema = z
  .strictObject({
    outside: digits
      .default("9")
      .meta({ description: "Dialled before an outside number, and taken off.", examples: ['"9"'] }),
    overflow: z
      .array(z.string())
      .default([])
      .meta({
        description:
          "Carrier lines that take calls to other branches when no hub and no branch could be reached, in this order: to the " +
          "`publicNumbers` of those. Left out: none.",
        examples: ["[pccw]"],
      }),
    lines: z
      .record(z.string().regex(NAME), lineSchema)
      .meta({ description: "The lines.", examples: ["{ pccw: { server: udp://sip.carrier.example } }"] }),
  })
  .meta({
    description: "Lines of this branch to the public telephone network.",
    examples: ["{ lines: { pccw: { server: udp://sip.carrier.example } } }"],
  });

const publicNumbersSchema = z.record(z.string(), z.string());

export const carrierKeys = {
  carrier: carrierSchema.optional(),
  publicNumbers: publicNumbersSchema.prefault({}).meta({
    description:
      'What numbers of this branch are called by from the public network, in international form: `"+442079464xxx": "4xxx"`. The x are carried ' +
      "over; the most exact entry holds. Calls that a carrier brings go by it, others are refused (404).",
    examples: ['{ "+442079464xxx": "4xxx" }'],
  }),
  publicNumbersElsewhere: publicNumbersSchema.prefault({}).meta({
    description:
      "The same of other branches, where this file does not describe those branches: `mss bundle` writes it. Left out: none but what the " +
      "file says.",
    examples: ['{ "+85221231xxx": "1xxx" }'],
  }),
};
