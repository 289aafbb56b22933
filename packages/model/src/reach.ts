import { z } from "zod";
import { branchIdSchema, hubIdSchema } from "./ids.ts";

/** Whether one hub reaches a branch, since when, and how it knows: by its registration, by OPTIONS, or by calls that were not answered. */
export const branchReachSchema = z
  .strictObject({
    branch: branchIdSchema,
    state: z.enum(["up", "down"]),
    /** ISO 8601, UTC; by the clock of the hub. */
    since: z.iso.datetime(),
    by: z.enum(["registration", "options", "calls"]),
  })
  .readonly();
export type BranchReach = z.infer<typeof branchReachSchema>;

/** What one hub tells the others of the branches that are registered with it. */
export const reachViewSchema = z
  .strictObject({ hub: hubIdSchema, branches: z.array(branchReachSchema).readonly() })
  .readonly();
export type ReachView = z.infer<typeof reachViewSchema>;
