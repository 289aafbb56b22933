import { KeptThread } from "@mss/runtime";
import type { Part } from "@mss/runtime";
import type { PlanJob } from "./plan-worker.ts";

const PROGRAM = new URL("plan-worker.ts", import.meta.url);
const JOB_LIMIT_MS = 300_000;

/** The thread of a hub for what would hold up its calls: to compile a large plan, and to explain calls by it. */
export class PlanThread implements Part {
  readonly #thread: KeptThread;

  /** `program` is what runs in it; a test may put another in its place. */
  constructor(program = PROGRAM) {
    this.#thread = new KeptThread({ program, name: "dial plan", jobLimitMs: JOB_LIMIT_MS });
  }

  start(): Promise<void> {
    return this.#thread.start();
  }

  stop(): Promise<void> {
    return this.#thread.stop();
  }

  /** Rejects as `KeptThread.run` does. */
  run<Result>(job: PlanJob, signal: AbortSignal): Promise<Result> {
    return this.#thread.run<Result>(job, signal);
  }
}
