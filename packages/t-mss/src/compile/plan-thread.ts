import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { withDeadline } from "@mss/runtime";
import type { PlanJob, PlanMessage } from "./plan-worker.ts";

export interface ThreadOptions {
  readonly signal: AbortSignal;
  /** What runs in the thread; a test may put another in its place. */
  readonly program?: URL;
}

/**
 * Texts up to this many characters are dealt with in place: some hundred branches. That takes 2 to 4 ms of the processor,
 * where a thread takes a quarter of a second to begin; `bench/swap.ts` measures both.
 */
export const IN_PLACE_CHARACTERS = 32_768;
/** Texts are handed over in pieces, one in each turn of the event loop: a large one at once stops it for its copy. */
const PIECE_CHARACTERS = 262_144;
const JOB_LIMIT_MS = 300_000;
const PROGRAM = new URL("plan-worker.ts", import.meta.url);

/** One job in a thread of its own. Rejects when that thread fails, takes more than five minutes, or the signal comes. */
export async function inThread<Result>(
  job: PlanJob,
  texts: readonly string[],
  { signal, program = PROGRAM }: ThreadOptions,
): Promise<Result> {
  signal.throwIfAborted();
  const worker = new Worker(program, { name: "dial plan" });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const abort = (): void => reject(signal.reason);
  worker.once("message", resolve).once("messageerror", reject).once("error", reject);
  worker.once("exit", (code) => reject(new Error(`the thread that compiles the plan ended with ${code}`)));
  signal.addEventListener("abort", abort, { once: true });
  try {
    const sent = send({ job, texts }, (message) => worker.postMessage(message, []));
    const [result] = await withDeadline(Promise.all([promise, sent]), JOB_LIMIT_MS, "work on the dial plan");
    return result;
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}

async function send(
  { job, texts }: { readonly job: PlanJob; readonly texts: readonly string[] },
  post: (message: PlanMessage) => void,
): Promise<void> {
  for (const [position, text] of texts.entries()) {
    for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
      post({ kind: "text", position, text: text.slice(at, at + PIECE_CHARACTERS) });
      await nextTurn();
    }
  }
  post({ kind: "job", job });
}
