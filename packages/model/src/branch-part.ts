import { z } from "zod";
import { transportAddressSchema } from "./address.ts";
import {
  blockSchema,
  calendarSchema,
  numberRewriteSchema,
  overflowSchema,
  publicNumberSchema,
  routeSchema,
} from "./call-rules.ts";
import { branchIdSchema, extensionNumberSchema, hubIdSchema } from "./ids.ts";
import { revisionHeaderSchema } from "./revision.ts";

const gatewaySchema = z
  .strictObject({ id: z.string().min(1), address: transportAddressSchema, caller: numberRewriteSchema.exactOptional() })
  .readonly();

const emergencySchema = z
  .strictObject({
    numbers: z.array(z.string()).readonly(),
    to: z
      .array(
        z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.literal("extension"), number: extensionNumberSchema }).readonly(),
          z.strictObject({ kind: z.literal("gateway"), gateway: gatewaySchema }).readonly(),
          z.strictObject({ kind: z.literal("carrier"), line: z.string().min(1) }).readonly(),
        ]),
      )
      .readonly(),
  })
  .readonly();

/** Host and port of a server over TCP. */
export const endpointSchema = z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) }).readonly();
export type Endpoint = z.infer<typeof endpointSchema>;

const directSchema = z
  .strictObject({
    rules: z
      .strictObject({
        branches: z
          .array(
            z
              .strictObject({
                id: branchIdSchema,
                numbers: z.array(z.string()).readonly(),
                siteCode: z.string().exactOptional(),
                timeZone: z.string().exactOptional(),
                emergency: z.array(z.string()).readonly().exactOptional(),
              })
              .readonly(),
          )
          .readonly(),
        calendars: z.array(calendarSchema).readonly().exactOptional(),
        routes: z.array(routeSchema).readonly().exactOptional(),
        blocked: z.array(blockSchema).readonly().exactOptional(),
      })
      .readonly(),
    peers: z
      .array(
        z.strictObject({ id: branchIdSchema, addresses: z.array(transportAddressSchema).min(1).readonly() }).readonly(),
      )
      .readonly(),
  })
  .readonly();

/**
 * What a branch needs to call others without a hub: the rules by which hubs send calls, of the whole federation, and
 * where it reaches the branches that take such calls. They know each other by their certificates: it has no secret.
 */
export type DirectSettings = z.infer<typeof directSchema>;
export type DirectPeerSettings = DirectSettings["peers"][number];

/**
 * What one branch goes by of a topology: its own numbers and rules, and its hubs. The fields mean what those of
 * `BranchSettings` do. Of other branches it has the numbers inside its own, and nothing else unless it calls them straight
 * (`direct`); it carries no secret.
 */
export const branchPartBodySchema = z
  .strictObject({
    branch: branchIdSchema,
    rules: z
      .strictObject({
        numbers: z.array(z.string()).readonly(),
        numbersElsewhere: z.array(z.string()).readonly(),
        siteCode: z.string().exactOptional(),
        timeZone: z.string().exactOptional(),
        emergency: emergencySchema.exactOptional(),
        blocked: z.array(blockSchema).readonly().exactOptional(),
        calendars: z.array(calendarSchema).readonly().exactOptional(),
        siteTimeZones: z.record(z.string(), z.string()).readonly().exactOptional(),
        outside: z.string().exactOptional(),
        publicNumbers: z.array(publicNumberSchema).readonly().exactOptional(),
        overflow: overflowSchema.exactOptional(),
      })
      .readonly(),
    trunk: z
      .strictObject({
        maxCalls: z.int().positive().exactOptional(),
        hubs: z
          .array(
            z
              .strictObject({
                id: hubIdSchema,
                addresses: z.array(transportAddressSchema).min(1).readonly(),
                api: endpointSchema.exactOptional(),
              })
              .readonly(),
          )
          .min(1)
          .readonly(),
      })
      .readonly(),
    direct: directSchema.exactOptional(),
  })
  .readonly();
export type BranchPartBody = z.infer<typeof branchPartBodySchema>;

/** One branch's part of one revision, with the header of that revision, so that it stands by itself. */
export const branchPartSchema = z.strictObject({ header: revisionHeaderSchema, body: branchPartBodySchema }).readonly();
export type BranchPart = z.infer<typeof branchPartSchema>;
