import type { SealedRevision } from "@mss/model";
import { IN_PLACE_CHARACTERS, inThread } from "./plan-thread.ts";
import type { ThreadOptions } from "./plan-thread.ts";
import { preparePlan } from "./prepare-plan.ts";
import type { PlanTask, PreparedPlan } from "./prepare-plan.ts";

export type CompilePlan = (task: PlanTask, options: ThreadOptions) => Promise<PreparedPlan>;

/** Prepares a plan, in a thread of its own when it is too large for the thread of the calls. Rejects as `inThread` does. */
export const compilePlan: CompilePlan = async (task, options) => {
  const { candidate, inForce } = task;
  const texts = [candidate, ...(inForce === undefined ? [] : [inForce])].map((each) => each.texts.snapshot);
  if (texts.reduce((sum, { length }) => sum + length, 0) <= IN_PLACE_CHARACTERS) {
    return preparePlan(task);
  }
  const bare = { candidate: withoutTexts(candidate), ...(inForce && { inForce: withoutTexts(inForce) }) };
  return inThread<PreparedPlan>({ kind: "prepare", task: { ...task, ...bare } }, texts, options);
};

/** Neither the snapshot, which is sent in pieces, nor the parts, which nobody compiles. */
function withoutTexts({ header, texts }: SealedRevision): SealedRevision {
  const { signature } = texts;
  return { header, texts: { header: texts.header, snapshot: "", ...(signature && { signature }) } };
}
