import type { SealedRevision, SharedText } from "@mss/model";
import type { PlanThread } from "./plan-thread.ts";
import { preparePlan } from "./prepare-plan.ts";
import type { PlanTask, PreparedPlan } from "./prepare-plan.ts";

/** Makes a plan of a revision. Rejects as `PlanThread.run` does. */
export type CompilePlan = (task: PlanTask, signal: AbortSignal) => Promise<PreparedPlan>;

/**
 * Texts up to this many bytes are dealt with in place: some hundred branches. That takes 2 to 4 ms of the processor,
 * where a thread takes a quarter of a second to begin; `bench/swap.ts` measures both.
 */
const IN_PLACE_BYTES = 32_768;

/** Owners of numbers that are compared in about as much time. */
const IN_PLACE_ENTRIES = 4_096;

/** Whether a snapshot is small enough for the thread of the calls. */
export function isInPlace(snapshot: SharedText): boolean {
  return snapshot.length <= IN_PLACE_BYTES;
}

/** Prepares a plan, in the thread when it is too large for the one of the calls. */
export function planCompiler(thread: PlanThread): CompilePlan {
  return async (task, signal) => {
    const { snapshot } = task.candidate.texts;
    const compared = task.owners?.entries.low.length ?? 0;
    return isInPlace(snapshot) && compared <= IN_PLACE_ENTRIES
      ? preparePlan(task)
      : thread.run({ kind: "prepare", task: withoutParts(task) }, signal);
  };
}

/** Nobody compiles the parts of the branches. */
function withoutParts(task: PlanTask): PlanTask {
  const { header, texts }: SealedRevision = task.candidate;
  const { parts: _parts, ...rest } = texts;
  return { ...task, candidate: { header, texts: rest } };
}
