import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { isCoded } from "./errors.ts";

/** What a thread says to a job. */
export type ThreadAnswer<Result> =
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly reason: string; readonly code?: string };

/** Calls go first where processors are few. */
const NICENESS = 10;

/** The program of a `KeptThread`: answers each job with what `work` makes of it, and says so of what is no job. */
export function serveThread<Job>(isJob: (value: unknown) => value is Job, work: (job: Job) => unknown): void {
  if (process.platform === "linux") {
    setPriority(NICENESS); // of this thread alone; elsewhere it would be that of the process
  }
  parentPort?.on("message", (job: unknown) => {
    void answerTo(() => (isJob(job) ? work(job) : Promise.reject(new TypeError("no job of this thread")))).then(
      (answer) => parentPort?.postMessage(answer, []),
    );
  });
}

async function answerTo(work: () => unknown): Promise<ThreadAnswer<unknown>> {
  try {
    return { kind: "done", result: await work() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", reason, ...(isCoded(error) ? { code: error.code } : {}) };
  }
}
