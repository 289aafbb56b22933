import { z } from "zod";
import { branchIdSchema } from "./ids.ts";

/*
 * The rules by which calls are routed, as a snapshot carries them. Texts are in the notation of the topology file, which
 * `@mss/dial-plan` reads: the same package routes by them.
 */

/** What becomes of a number: `number` takes its place, or `strip` digits go from its front and `prepend` comes there. */
const rewriteShape = {
  strip: z.int().nonnegative().optional(),
  prepend: z.string().optional(),
  number: z.string().optional(),
};
export const numberRewriteSchema = z.strictObject(rewriteShape).readonly();
export type NumberRewrite = z.infer<typeof numberRewriteSchema>;

const conditionShape = {
  /** Branches that the call comes from; absent: all. */
  from: z.array(branchIdSchema).readonly().optional(),
  /** `hk-office`, `not hk-office`; absent: at any time. */
  when: z.string().optional(),
};

export const calendarSchema = z
  .strictObject({
    id: z.string().min(1),
    /** Whose clock counts; absent: that of the branch which the call comes from. */
    site: branchIdSchema.optional(),
    /** IANA name of the zone whose clock counts, instead of a branch's. */
    timeZone: z.string().optional(),
    open: z.array(z.string()).readonly(),
    closed: z.array(z.string()).readonly().optional(),
  })
  .readonly();
export type CalendarRules = z.infer<typeof calendarSchema>;

export const routeSchema = z
  .strictObject({
    id: z.string().min(1),
    numbers: z.array(z.string()).readonly(),
    ...conditionShape,
    to: z
      .array(
        z
          .strictObject({
            ...rewriteShape,
            priority: z.int().positive().optional(),
            weight: z.int().positive().optional(),
          })
          .readonly(),
      )
      .readonly(),
    /** What the callee sees of the calling number; absent: as it is. */
    caller: numberRewriteSchema.optional(),
  })
  .readonly();
export type RouteRules = z.infer<typeof routeSchema>;

export const blockSchema = z
  .strictObject({
    id: z.string().min(1),
    numbers: z.array(z.string()).readonly(),
    except: z.array(z.string()).readonly().optional(),
    ...conditionShape,
  })
  .readonly();
export type BlockRules = z.infer<typeof blockSchema>;

/** Numbers, and what they are called by from the public network: `4xxx` and `442079464xxx`, E.164 without `+`. */
export const publicNumberSchema = z.strictObject({ numbers: z.string().min(1), public: z.string().min(1) }).readonly();
export type PublicNumberRule = z.infer<typeof publicNumberSchema>;

/** Calls to other branches that nothing else carries. */
export const overflowSchema = z
  .strictObject({
    /** Ids of carrier lines, in the order in which they are tried. */
    lines: z.array(z.string().min(1)).readonly(),
    /** Public numbers of the other branches, whose own numbers are as they are dialled. */
    numbers: z.array(publicNumberSchema).readonly(),
  })
  .readonly();
export type OverflowRules = z.infer<typeof overflowSchema>;
