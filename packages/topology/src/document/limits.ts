import { z } from "zod";
import { callLimitsSchema } from "./call-limits.ts";
import { connectionLimitsSchema } from "./connection-limits.ts";
import { floodLimitsSchema } from "./flood-limits.ts";
import { messageLimitsSchema } from "./message-limits.ts";

/** What peers may cost a node: one object for each thing that is limited. */
export const limitsSchema = z
  .strictObject({
    messages: messageLimitsSchema,
    connections: connectionLimitsSchema,
    flood: floodLimitsSchema,
    calls: callLimitsSchema,
  })
  .prefault({})
  .meta({ description: "What peers may cost this node.", examples: ["{ messages: { datagramBytes: 16384 } }"] });
