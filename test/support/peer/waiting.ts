import type { Socket } from "node:net";

const WAIT_LIMIT_MS = 8_000;
const SHOWN = 10;

/** Resolves as the promise does, or rejects after some seconds with what was waited for. */
export async function inTime<Value>(
  promise: Promise<Value>,
  what: () => string,
  limitMs = WAIT_LIMIT_MS,
): Promise<Value> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited in vain for ${what()}`)), limitMs);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the socket is closed, in whatever way; a reset is one. */
export function closeOf(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("error", () => undefined);
  socket.on("close", () => resolve());
  return promise;
}

/** What came and was not asked for yet, and who waits for what has not come. */
export class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #describe: (item: Item) => string;
  #waiting: { readonly matches: (item: Item) => boolean; readonly resolve: (item: Item) => void }[] = [];

  constructor(describe: (item: Item) => string) {
    this.#describe = describe;
  }

  get unread(): readonly Item[] {
    return this.#items;
  }

  clear(): void {
    this.#items.splice(0);
  }

  put(item: Item): void {
    const waiter = this.#waiting.find(({ matches }) => matches(item));
    if (waiter === undefined) {
      this.#items.push(item);
    } else {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      waiter.resolve(item);
    }
  }

  /** The first item that matches, of those that came or will come. */
  take(matches: (item: Item) => boolean, what: string, limitMs?: number): Promise<Item> {
    const index = this.#items.findIndex(matches);
    const [found] = index < 0 ? [] : this.#items.splice(index, 1);
    if (found !== undefined) {
      return Promise.resolve(found);
    }
    const { promise, resolve } = Promise.withResolvers<Item>();
    this.#waiting.push({ matches, resolve });
    const describe = (): string => `${what}; unread: ${this.#items.slice(-SHOWN).map(this.#describe).join(" | ")}`;
    const waited = inTime(promise, describe, limitMs);
    waited.catch(() => undefined); // a case that fails elsewhere does not come back for it
    return waited;
  }
}
