import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What the processes of a benchmark tell each other: numbers by name. */
export type Numbers = Readonly<Record<string, number>>;

function isNumbers(value: unknown): value is Numbers {
  return typeof value === "object" && value !== null && Object.values(value).every((each) => typeof each === "number");
}

/** A process of a benchmark that answers one question at a time. */
export class Helper {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `name` is a file of `applications`. Resolves with what it says when it is ready. */
  static async start(
    name: string,
    args: readonly string[],
  ): Promise<{ readonly helper: Helper; readonly ready: Numbers }> {
    const file = fileURLToPath(new URL(`../applications/${name}`, import.meta.url));
    const child = fork(file, args, { execArgv: ["--disable-warning=ExperimentalWarning", "--expose-gc"] });
    const helper = new Helper(child);
    return { helper, ready: await helper.#next() };
  }

  async ask(question: string): Promise<Numbers> {
    const next = this.#next();
    this.#child.send(question);
    return await next;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await gone;
  }

  async #next(): Promise<Numbers> {
    const answers: unknown[] = await Promise.race([
      once(this.#child, "message"),
      once(this.#child, "exit").then(() => Promise.reject(new Error("a process of the benchmark ended"))),
    ]);
    const [told] = answers;
    return isNumbers(told) ? told : {};
  }
}

/** In the process that is asked: tells that it is ready, then answers each question. */
export function answer(ready: Numbers, answers: (question: readonly string[]) => Promise<Numbers>): void {
  process.on("message", (question: unknown) => {
    void answers(String(question).split(" ")).then((numbers) => process.send?.(numbers));
  });
  process.send?.(ready);
}
