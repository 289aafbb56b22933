import { z } from "zod";
import { DIGEST_ALGORITHMS, branchIdSchema } from "@mss/model";
import { LOG_LEVELS } from "@mss/runtime";
import { blockedSchema, branchRuleKeys, calendarsSchema, routesSchema } from "./rules-schema.ts";
import { callRateSchema } from "./call-limits.ts";
import { externalAddressKeys } from "./external-address.ts";
import { carrierKeys } from "./carrier-schema.ts";
import { limit } from "./limit.ts";
import { limitsSchema } from "./limits.ts";
import { secretSchema } from "./secret-schema.ts";
import { signingKey } from "./signing.ts";
import { certificatesKey, requireCertificateKey, tlsKeys } from "./tls.ts";

/**
 * The shape of a topology file: which keys there are, of which type, with which default. The descriptions become the
 * README of the format and the JSON Schema for editors; `examples[0]` is what a fault tells to write. Number patterns
 * and addresses are texts here and are read afterwards, where a fault can say more than a schema.
 */

const listenSchema = z.string().meta({
  description:
    "`udp://`, `tcp://` or `tls://`, an IP address and a port; without a port 5060, for TLS 6060. IPv6 in brackets.",
  examples: ["udp://127.0.0.1:5060"],
});

const MAX_DATAGRAM_BYTES = 65_507;
/** Fits into any path of 1500 bytes with the headers of IP, UDP and tunnels. */
const LARGE_REQUEST_BYTES = 1_300;

const sipSchema = z
  .strictObject({
    listen: z
      .array(listenSchema)
      .min(1)
      .meta({
        description: "Where the node listens for SIP. A branch calls its hub at these addresses, in this order.",
        examples: ["[udp://127.0.0.1:5060, tcp://127.0.0.1:5060]"],
      }),
    largeRequestBytes: z
      .int()
      .min(0)
      .max(MAX_DATAGRAM_BYTES)
      .default(LARGE_REQUEST_BYTES)
      .meta({
        description:
          "Requests above this size leave over TCP where they would have left over UDP (RFC 3261 §18.1.1). 0: never.",
        examples: ["1300"],
      }),
  })
  .meta({ description: "SIP of this node.", examples: ["{ listen: [udp://127.0.0.1:5060] }"] });

const httpSchema = z
  .strictObject({
    listen: z.string().meta({
      description: "IP address and port. It asks for no password: loopback or a management network only.",
      examples: ["127.0.0.1:8080"],
    }),
  })
  .meta({
    description: "Health, metrics and status over HTTP. Left out: none.",
    examples: ["{ listen: 127.0.0.1:8080 }"],
  });

const apiSchema = z
  .strictObject({
    listen: z.string().meta({
      description: "IP address and port. The branches reach it here, or at `externalAddress`.",
      examples: ["192.0.2.1:8443"],
    }),
  })
  .meta({
    description:
      "HTTPS at which branches get their part of what `apply` publishes, with the hub's certificate. Left out: none, and branches go by " +
      "their own files.",
    examples: ["{ listen: 192.0.2.1:8443 }"],
  });

const MAX_EXPIRES_SECONDS = 86_400;
export const DEFAULT_MIN_EXPIRES_SECONDS = 60;
export const DEFAULT_MAX_EXPIRES_SECONDS = 3600;
const expires = z.int().min(1).max(MAX_EXPIRES_SECONDS);

const registrationSchema = z
  .strictObject({
    minExpiresSeconds: expires
      .default(DEFAULT_MIN_EXPIRES_SECONDS)
      .meta({ description: "Shorter registrations are refused (423).", examples: ["60"] }),
    maxExpiresSeconds: expires
      .default(DEFAULT_MAX_EXPIRES_SECONDS)
      .meta({ description: "Longer registrations are cut to this.", examples: ["3600"] }),
    defaultExpiresSeconds: expires.optional().meta({
      description: "Granted to who asks for no time. Left out: the same as `maxExpiresSeconds`.",
      examples: ["3600"],
    }),
  })
  .meta({
    description: "How long a registration lasts.",
    examples: ["{ minExpiresSeconds: 60, maxExpiresSeconds: 3600 }"],
  });

const logLevelSchema = z
  .enum(LOG_LEVELS)
  .default("info")
  .meta({ description: "The least severe lines that are logged.", examples: ["info"] });

const ID_EXAMPLE = "letters, digits and hyphens in lower case, such as hong-kong";
const MAX_CALLS = 100_000;

const probeSchema = z
  .strictObject({
    intervalMs: limit({ min: 100, max: 60_000, standard: 1_000, description: "From one OPTIONS to the next." }),
    timeoutMs: limit({
      min: 100,
      max: 30_000,
      standard: 1_000,
      description: "Until an OPTIONS without an answer is a miss; the next one follows at once.",
    }),
    downAfter: limit({
      min: 1,
      max: 100,
      standard: 2,
      description: "Misses in a row after which a hub gets no more calls. An answer that is not good counts at once.",
    }),
    upAfter: limit({
      min: 1,
      max: 1_000,
      standard: 3,
      description:
        "Good answers in a row after which it gets calls again: more, and a hub that comes and goes is left alone.",
    }),
    goodStatuses: z
      .array(z.int().min(200).max(699))
      .min(1)
      .default([200])
      .meta({ description: "Statuses that say that the hub takes calls.", examples: ["[200]"] }),
  })
  .prefault({})
  .meta({
    description: "How the branch asks its hubs whether they take calls.",
    examples: ["{ intervalMs: 1000, downAfter: 2, upAfter: 3 }"],
  });

const trunkSchema = z
  .strictObject({
    secret: secretSchema,
    maxCalls: z
      .int()
      .min(1)
      .max(MAX_CALLS)
      .optional()
      .meta({ description: "Calls at once, both directions together. Left out: no limit.", examples: ["30"] }),
    address: z
      .string()
      .optional()
      .meta({
        description: "IP address the branch calls from; the hubs refuse it from elsewhere. Left out: from anywhere.",
        examples: ["192.0.2.10"],
      }),
    hubs: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: "Hubs in the order to try them. Left out: all, in file order.", examples: ["[hub-1]"] }),
    callRate: callRateSchema.optional().meta({
      description:
        "New calls a second on this trunk, both directions together, at each hub; more are refused (503, Retry-After). Left out: no limit.",
      examples: ["{ perSecond: 5, burst: 10 }"],
    }),
    probe: probeSchema,
    ...requireCertificateKey,
  })
  .meta({
    description: "The line between this branch and its hubs. Its user name is the branch's id.",
    examples: ["{ secret: { env: HK_TRUNK_SECRET } }"],
  });

const extensionSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "Who sits there.", examples: ["Alice"] }),
    secret: secretSchema,
    maxCalls: z
      .int()
      .min(1)
      .max(MAX_CALLS)
      .optional()
      .meta({
        description:
          "Calls at once of one number, in either direction: a further caller hears busy (486), a further call of its own is refused (480). " +
          "Emergency calls are not counted. Left out: no limit.",
        examples: ["4"],
      }),
    callRate: callRateSchema.optional().meta({
      description:
        "New calls a second that one number makes, but for emergency calls; more are refused (480, Retry-After). Left out: no limit.",
      examples: ["{ perSecond: 1, burst: 5 }"],
    }),
  })
  .meta({ description: "One number, or each number of a range.", examples: ["{ secret: { env: HK_1000_SECRET } }"] });

const hubSchema = z
  .strictObject({
    sip: sipSchema,
    ...externalAddressKeys,
    ...tlsKeys,
    http: httpSchema.optional(),
    api: apiSchema.optional(),
    registration: registrationSchema.prefault({}).meta({ description: "How long the registration of a trunk lasts." }),
    data: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "Directory of the hub's copy of the topology, from this file's. Left out: `data/` and the hub's id.",
        examples: ["data/hub-1"],
      }),
    limits: limitsSchema,
    logLevel: logLevelSchema,
  })
  .meta({ description: "A hub (T-MSS), by its id: " + ID_EXAMPLE + "." });

const branchSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .meta({
        description: "For people. Left out: the id.",
        examples: ["Hong Kong"],
      }),
    numbers: z
      .array(z.string().meta({ description: '`"1xxx"`, `"1000-1999"` or `"852*"`, in quotes.', examples: ['"1xxx"'] }))
      .min(1)
      .meta({ description: "The numbers of this branch. The longest match wins.", examples: ['["1xxx"]'] }),
    ...branchRuleKeys,
    ...carrierKeys,
    sip: sipSchema,
    ...externalAddressKeys,
    ...tlsKeys,
    http: httpSchema.optional(),
    trunk: trunkSchema,
    direct: z
      .boolean()
      .default(false)
      .meta({
        description:
          "`true`: when no hub can be reached, it calls the other branches that have this key straight, and takes their calls. " +
          "They know each other by their certificates (`mss cert`): over TLS alone.",
        examples: ["true"],
      }),
    extensions: z
      .record(z.string(), extensionSchema)
      .prefault({})
      .meta({
        description: 'The phones, by number (`"1000"`) or range (`"1001-1010"`), inside `numbers`.',
        examples: ['{ "1000": { name: Alice, secret: { env: HK_1000_SECRET } } }'],
      }),
    registration: registrationSchema.prefault({}).meta({ description: "How long the registration of a phone lasts." }),
    limits: limitsSchema,
    digest: z
      .array(z.enum(DIGEST_ALGORITHMS))
      .min(1)
      .max(DIGEST_ALGORITHMS.length)
      .default([...DIGEST_ALGORITHMS])
      .meta({
        description:
          "Password digests that are offered, in this order. Phones that cannot do SHA-256 should pass it over; those " +
          "that give up instead (baresip 1, SIPp 3.6) need `[MD5]`.",
        examples: ["[SHA-256, MD5]"],
      }),
    ringTimeoutSeconds: z
      .int()
      .min(5)
      .max(600)
      .default(60)
      .meta({
        description: "How long phones ring before the caller hears that nobody answers.",
        examples: ["60"],
      }),
    data: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "Directory of the branch's database, from this file's. Left out: `data/` and the branch's id.",
        examples: ["data/hk"],
      }),
    logLevel: logLevelSchema,
  })
  .meta({ description: "A branch (L-MSS), by its id: " + ID_EXAMPLE + "." });

/** For editors. A wrong id is reported with the facts: a refused key would hide what is wrong below it. */
const nodeIdSchema = z.string().meta({ pattern: z.toJSONSchema(branchIdSchema, { io: "input" }).pattern });

const FEDERATION_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/;

export const topologyDocumentSchema = z
  .strictObject({
    federation: z
      .string()
      .regex(FEDERATION_PATTERN, "must be 1 to 63 letters, digits, dots or hyphens")
      .meta({ description: "Name of the federation; the same in all its files.", examples: ["acme"] }),
    demo: z
      .boolean()
      .default(false)
      .meta({
        description: "Secrets may be written as plain text in this file without a warning.",
        examples: ["true"],
      }),
    ...signingKey,
    ...certificatesKey,
    hubs: z
      .record(nodeIdSchema, hubSchema)
      .prefault({})
      .meta({ description: "The hubs. At least one in all files together.", examples: ["{ hub-1: { sip: … } }"] }),
    branches: z
      .record(nodeIdSchema, branchSchema)
      .prefault({})
      .meta({ description: "The branches. At least one in all files together.", examples: ["{ hk: { numbers: … } }"] }),
    calendars: calendarsSchema,
    routes: routesSchema,
    blocked: blockedSchema,
  })
  .meta({ title: "MSS Federation topology", description: "Hubs and branches of one federation." });

export type TopologyDocument = z.infer<typeof topologyDocumentSchema>;
export type HubDocument = TopologyDocument["hubs"][string];
export type BranchDocument = TopologyDocument["branches"][string];
export type SecretDocument = z.infer<typeof secretSchema>;

/** JSON Schema (draft 2020-12) of a topology file, for editors: what may be written, not what is read from it. */
export function topologyJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(topologyDocumentSchema, { io: "input", target: "draft-2020-12" });
}
