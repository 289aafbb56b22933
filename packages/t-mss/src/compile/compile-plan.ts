import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { SealedRevision } from "@mss/model";
import { withDeadline } from "@mss/runtime";
import type { PlanMessage } from "./plan-worker.ts";
import { preparePlan } from "./prepare-plan.ts";
import type { PlanTask, PreparedPlan } from "./prepare-plan.ts";

export interface CompileOptions {
  readonly signal: AbortSignal;
  /** What runs in the thread; a test may put another in its place. */
  readonly program?: URL;
}

export type CompilePlan = (task: PlanTask, options: CompileOptions) => Promise<PreparedPlan>;

/**
 * Of both texts together: some hundred branches. In place they take 2 to 4 ms of the processor, where a thread takes a quarter of
 * a second to begin; `bench/swap.ts` measures both.
 */
const IN_PLACE_CHARACTERS = 32_768;
/** Texts are handed over in pieces, one in each turn of the event loop: a large one at once stops it for its copy. */
const PIECE_CHARACTERS = 262_144;
const COMPILE_LIMIT_MS = 300_000;
const PROGRAM = new URL("plan-worker.ts", import.meta.url);

/**
 * Compiles in a thread of its own what is too large for the thread of the calls. Rejects when that thread fails, takes
 * more than five minutes, or the signal comes.
 */
export const compilePlan: CompilePlan = async (task, options) => {
  const { candidate, inForce } = task;
  const size = candidate.texts.snapshot.length + (inForce?.texts.snapshot.length ?? 0);
  return size <= IN_PLACE_CHARACTERS ? preparePlan(task) : compileInThread(task, options);
};

async function compileInThread(task: PlanTask, { signal, program = PROGRAM }: CompileOptions): Promise<PreparedPlan> {
  signal.throwIfAborted();
  const worker = new Worker(program, { name: "dial plan" });
  const { promise, resolve, reject } = Promise.withResolvers<PreparedPlan>();
  const abort = (): void => reject(signal.reason);
  worker.once("message", resolve).once("messageerror", reject).once("error", reject);
  worker.once("exit", (code) => reject(new Error(`the thread that compiles the plan ended with ${code}`)));
  signal.addEventListener("abort", abort, { once: true });
  try {
    const sent = send(task, (message) => worker.postMessage(message, []));
    const [prepared] = await withDeadline(Promise.all([promise, sent]), COMPILE_LIMIT_MS, "compile the dial plan");
    return prepared;
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}

async function send(task: PlanTask, post: (message: PlanMessage) => void): Promise<void> {
  const { candidate, inForce } = task;
  for (const which of ["candidate", "inForce"] as const) {
    const text = task[which]?.texts.snapshot ?? "";
    for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
      post({ kind: "text", which, text: text.slice(at, at + PIECE_CHARACTERS) });
      await nextTurn();
    }
  }
  const bare = { candidate: withoutTexts(candidate), ...(inForce && { inForce: withoutTexts(inForce) }) };
  post({ kind: "task", task: { ...task, ...bare } });
}

/** Neither the snapshot, which is sent in pieces, nor the parts, which nobody compiles. */
function withoutTexts({ header, texts }: SealedRevision): SealedRevision {
  const { signature } = texts;
  return { header, texts: { header: texts.header, snapshot: "", ...(signature && { signature }) } };
}
