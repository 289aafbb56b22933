import { Worker } from "node:worker_threads";
import { withDeadline } from "./deadline.ts";
import { CodedError } from "./errors.ts";
import type { ThreadAnswer } from "./serve-thread.ts";
import type { Part } from "./lifecycle.ts";

export interface KeptThreadOptions {
  /** What runs in the thread: a program that calls `serveThread`. */
  readonly program: URL;
  /** Name of the thread, and of its work in errors. */
  readonly name: string;
  /** Given to the program once, as its `workerData`. */
  readonly data?: unknown;
  readonly jobLimitMs: number;
  /** How long the thread waits for a further job before it ends, in milliseconds; a minute when absent. */
  readonly keepMs?: number;
}

const KEEP_MS = 60_000;

/**
 * A thread for work that would hold up the event loop, one job after the other. It begins with the first job and ends when
 * there was none for a while; one that fails, or whose job is not wanted any more, ends at once, and the next job has another.
 */
export class KeptThread implements Part {
  readonly #options: KeptThreadOptions;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #ending: NodeJS.Timeout | undefined;

  constructor(options: KeptThreadOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    // begins with its first job: most processes never need it
  }

  /**
   * Rejects when the thread fails, takes longer than its limit, or the signal comes; with `THREAD_REFUSED`, and the code of
   * the error as its detail where that had one, for a job that failed in it.
   */
  async run<Result>(job: unknown, signal?: AbortSignal): Promise<Result> {
    const done = this.#last.then(() => this.#run<Result>(job, signal));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#ending);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async #run<Result>(job: unknown, signal: AbortSignal | undefined): Promise<Result> {
    signal?.throwIfAborted();
    clearTimeout(this.#ending);
    const { program, name, data, jobLimitMs } = this.#options;
    const worker = (this.#worker ??= new Worker(program, { name, workerData: data }));
    worker.ref();
    const waiting = answerOf<Result>(worker, name, signal);
    try {
      worker.postMessage(job, []);
      const answer = await withDeadline(waiting.answer, jobLimitMs, name);
      this.#keep(worker);
      return resultOf(answer);
    } catch (error) {
      if (this.#worker === worker && !(error instanceof CodedError && error.code === "THREAD_REFUSED")) {
        await this.stop();
      }
      throw error;
    } finally {
      waiting.forget();
    }
  }

  #keep(worker: Worker): void {
    worker.unref();
    this.#ending = setTimeout(() => void this.stop(), this.#options.keepMs ?? KEEP_MS).unref();
  }
}

function resultOf<Result>(answer: ThreadAnswer<Result>): Result {
  if (answer.kind === "done") {
    return answer.result;
  }
  throw new CodedError("THREAD_REFUSED", answer.reason, answer.code === undefined ? {} : { code: answer.code });
}

/** What the thread answers to a job that it has been sent; `forget` takes the listeners off. */
function answerOf<Result>(
  worker: Worker,
  name: string,
  signal: AbortSignal | undefined,
): { readonly answer: Promise<ThreadAnswer<Result>>; readonly forget: () => void } {
  const { promise: answer, resolve, reject } = Promise.withResolvers<ThreadAnswer<Result>>();
  const exited = (code: number): void => reject(new Error(`the thread of the ${name} ended with ${code}`));
  const aborted = (): void => reject(signal?.reason);
  worker.on("message", resolve).on("messageerror", reject).on("error", reject).on("exit", exited);
  signal?.addEventListener("abort", aborted, { once: true });
  const forget = (): void => {
    worker.off("message", resolve).off("messageerror", reject).off("error", reject).off("exit", exited);
    signal?.removeEventListener("abort", aborted);
  };
  return { answer, forget };
}
