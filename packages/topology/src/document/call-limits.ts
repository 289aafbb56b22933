import { z } from "zod";
import type { CallLimitSettings } from "@mss/model";
import { limit } from "./limit.ts";

const MAX_PER_SECOND = 10_000;

/** New calls a second, of whoever has the key. */
export const callRateSchema = z.strictObject({
  perSecond: z
    .int()
    .min(1)
    .max(MAX_PER_SECOND)
    .meta({ description: "New calls a second, on average.", examples: ["5"] }),
  burst: z
    .int()
    .min(1)
    .max(MAX_PER_SECOND)
    .meta({ description: "New calls at once, after a rest.", examples: ["10"] }),
});

/** Defaults are those of call control. */
export const callLimitsSchema = z
  .strictObject({
    atOnce: limit({
      min: 1,
      max: 100_000,
      standard: 10_000,
      description: "Calls at once. More: 503 with Retry-After, but for emergency calls, as for the next two.",
    }),
    inSetUp: limit({
      min: 1,
      max: 100_000,
      standard: 1_000,
      description: "Calls for which nobody rings yet: the high-water mark of overload.",
    }),
    eventLoopDelayMs: limit({
      min: 10,
      max: 10_000,
      standard: 500,
      description: "How late, on average of a quarter of a second, the node may come to what is due.",
    }),
    sessionSeconds: limit({
      min: 90,
      max: 86_400,
      standard: 1_800,
      description: "Session timer that each end of a call is asked for: a dead phone is found within it.",
    }),
    minimumSessionSeconds: limit({
      min: 90,
      max: 86_400,
      standard: 90,
      description: "Shortest session timer that is agreed on; shorter ones are 422.",
    }),
    lampRefreshSeconds: limit({
      min: 5,
      max: 300,
      standard: 30,
      description:
        "How often a lamp of another node is asked for again: it goes dark within this and 15 seconds when that node is lost.",
    }),
    lampRetrySeconds: limit({
      min: 5,
      max: 3_600,
      standard: 30,
      description: "When who watches a lamp that went dark may ask again.",
    }),
  } satisfies Record<keyof CallLimitSettings, z.ZodType>)
  .prefault({})
  .meta({ description: "What calls may cost, and their timers.", examples: ["{ atOnce: 500, sessionSeconds: 600 }"] });
