import { z } from "zod";
import { transportAddressSchema } from "./address.ts";
import { blockSchema, calendarSchema, publicNumberSchema, routeSchema } from "./call-rules.ts";
import { branchIdSchema, hubIdSchema } from "./ids.ts";

/** SHA-256 in hexadecimal. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What every node may know of the federation: who exists, where, and which numbers are whose. It carries no secret.
 * Immutable; a change of the topology makes a new one with a new hash.
 */
export const snapshotSchema = z
  .strictObject({
    federation: z.string().min(1),
    hubs: z
      .array(
        z
          .strictObject({
            id: hubIdSchema,
            listen: z.array(transportAddressSchema).readonly(),
            /** Of a hub behind a router: who is in none of the networks calls it at this address. */
            external: z
              .strictObject({ address: z.string().min(1), localNetworks: z.array(z.string()).readonly() })
              .readonly()
              .optional(),
          })
          .readonly(),
      )
      .readonly(),
    branches: z
      .array(
        z
          .strictObject({
            id: branchIdSchema,
            name: z.string(),
            /** Number patterns in the notation of `@mss/dial-plan`: `1xxx`, `1000-1999`, `852*`. */
            numbers: z.array(z.string()).readonly(),
            /** Digits at the front of `numbers` that the branch's own phones do not have. */
            siteCode: z.string().optional(),
            /** IANA name of the zone by whose clock it lives; absent: UTC. */
            timeZone: z.string().optional(),
            /** Emergency numbers that it connects by itself. */
            emergency: z.array(z.string()).readonly().optional(),
            /** Hubs that its trunk leads to, in the order in which it tries them. */
            hubs: z.array(hubIdSchema).readonly().optional(),
            /** How many calls at once its trunk carries; absent: no limit. */
            maxCalls: z.int().positive().optional(),
            /** How many new calls a second, and at once after a rest, it may bring to a hub and get from it; absent: no limit. */
            callRate: z
              .strictObject({ perSecond: z.int().positive(), burst: z.int().positive() })
              .readonly()
              .optional(),
            /** Calls the other branches that have this, and is called by them, straight when no hub can be reached; absent: not. */
            direct: z.literal(true).optional(),
            /** Digits that its phones dial before a number that goes over a carrier line; absent: it has no such lines. */
            outside: z.string().optional(),
            /** Its carrier lines, in the order in which they are tried. */
            carrierLines: z.array(z.string()).readonly().optional(),
            /** Those of them that carry calls to other branches when nothing else does. */
            overflow: z.array(z.string()).readonly().optional(),
            /** What some of `numbers` are called by from the public network. */
            publicNumbers: z.array(publicNumberSchema).readonly().optional(),
          })
          .readonly(),
      )
      .readonly(),
    calendars: z.array(calendarSchema).readonly().optional(),
    routes: z.array(routeSchema).readonly().optional(),
    blocked: z.array(blockSchema).readonly().optional(),
    /** SHA-256, hexadecimal, of the canonical JSON of all the above. */
    hash: sha256Schema,
  })
  .readonly();
export type Snapshot = z.infer<typeof snapshotSchema>;
export type SnapshotBranch = Snapshot["branches"][number];
export type SnapshotHub = Snapshot["hubs"][number];
