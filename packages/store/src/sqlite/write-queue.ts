import type { SqliteFile } from "./sqlite-file.ts";

interface Waiting {
  /** Runs the change and keeps what it gives. */
  run(): void;
  settle(): void;
  reject(error: unknown): void;
}

/**
 * Changes that are asked for within one turn of the event loop, in order and in one transaction: after a power cut thousands
 * of phones register at once. Each promise settles when its change is committed. When one of them fails, nothing of
 * that transaction stays, and each is done again in a transaction of its own: it fails alone.
 */
export class WriteQueue {
  readonly #file: SqliteFile;
  readonly #onUndone: () => void;
  #waiting: Waiting[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** `onUndone` is told before changes that were undone are done again. */
  constructor(file: SqliteFile, onUndone: () => void) {
    this.#file = file;
    this.#onUndone = onUndone;
  }

  add<Result>(work: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    let result: Result;
    this.#waiting.push({
      run: () => {
        result = work();
      },
      settle: () => resolve(result),
      reject,
    });
    this.#turn ??= setImmediate(() => this.flush());
    return promise;
  }

  /** Does now what waits. Never throws. */
  flush(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const changes = this.#waiting;
    this.#waiting = [];
    if (changes.length > 1 && this.#together(changes)) {
      return;
    }
    for (const change of changes) {
      this.#alone(change);
    }
  }

  #together(changes: readonly Waiting[]): boolean {
    try {
      this.#file.transaction("applyBindings", () => changes.forEach((change) => change.run()));
    } catch {
      this.#onUndone();
      return false;
    }
    changes.forEach((change) => change.settle());
    return true;
  }

  #alone(change: Waiting): void {
    try {
      this.#file.transaction("applyBindings", () => change.run());
      change.settle();
    } catch (error) {
      this.#onUndone();
      change.reject(error);
    }
  }
}
