import { CodedError } from "@mss/runtime";
import type { DnsAnswer } from "./name-server.ts";

export interface RecordCacheLimits {
  /** Names of one type that are remembered. */
  readonly names: number;
  /** Questions that are under way at once; beyond, a name that is not remembered fails. */
  readonly questions: number;
  /** Used for so long after its TTL when nothing better is to be had. */
  readonly staleMs: number;
}

const SHORTEST_MS = 1_000; // TTL 0 must not make each call of a busy second a question
const LONGEST_MS = 3_600_000;
const RETRY_MS = 5_000; // a name server that fails, or knows of nothing, is not asked again for each call
const PATIENCE_MS = 200; // for a fresh answer, where there is an old one

interface Entry<Item> {
  records: readonly Item[];
  goodUntil: number;
  staleUntil: number;
  retryAt: number;
  asking: Promise<void> | undefined;
}

/**
 * Records of one type by name. What was once learned is given again for `staleMs` after its TTL, whatever a name server
 * says meanwhile: neither its silence nor "no such name" takes away a target that worked (RFC 8767, CH-23).
 */
export class RecordCache<Item> {
  readonly #ask: (name: string) => Promise<DnsAnswer<Item>>;
  readonly #limits: RecordCacheLimits;
  readonly #entries = new Map<string, Entry<Item>>();
  #asking = 0;

  constructor(ask: (name: string) => Promise<DnsAnswer<Item>>, limits: RecordCacheLimits) {
    this.#ask = ask;
    this.#limits = limits;
  }

  /** Empty when there are none. Rejects when nobody can tell. */
  async find(name: string): Promise<readonly Item[]> {
    const entry = this.#entryOf(name);
    const now = performance.now();
    if (now < entry.goodUntil) {
      return entry.records;
    }
    const isUsable = entry.records.length > 0 && now < entry.staleUntil;
    if (now >= entry.retryAt) {
      await (isUsable ? patiently(this.#refresh(name, entry)) : this.#refresh(name, entry));
    }
    if (performance.now() < entry.goodUntil || isUsable) {
      return entry.records;
    }
    throw new CodedError("NAME_SERVER_FAILED", "the name servers gave no answer", { name });
  }

  #entryOf(name: string): Entry<Item> {
    const known = this.#entries.get(name);
    if (known !== undefined) {
      this.#entries.delete(name);
    }
    const entry = known ?? { records: [], goodUntil: 0, staleUntil: 0, retryAt: 0, asking: undefined };
    this.#entries.set(name, entry);
    const oldest = this.#entries.size > this.#limits.names ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#entries.delete(oldest);
    }
    return entry;
  }

  /** One question at a time for a name. Never rejects. */
  #refresh(name: string, entry: Entry<Item>): Promise<void> {
    if (entry.asking === undefined && this.#asking < this.#limits.questions) {
      this.#asking += 1;
      entry.asking = this.#learn(name, entry).finally(() => {
        this.#asking -= 1;
        entry.asking = undefined;
      });
    }
    return entry.asking ?? Promise.resolve();
  }

  async #learn(name: string, entry: Entry<Item>): Promise<void> {
    try {
      const answer = await this.#ask(name);
      const now = performance.now();
      if (answer.kind === "records") {
        entry.records = answer.records;
        entry.goodUntil = now + Math.min(Math.max(answer.ttlMs, SHORTEST_MS), LONGEST_MS);
        entry.staleUntil = entry.goodUntil + this.#limits.staleMs;
      } else if (entry.records.length === 0) {
        entry.goodUntil = now + RETRY_MS; // it is good to know that there are none
      } else {
        entry.retryAt = now + RETRY_MS;
      }
    } catch {
      entry.retryAt = performance.now() + RETRY_MS; // what is stale serves on; without it, `find` says so
    }
  }
}

async function patiently(asking: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PATIENCE_MS);
  await Promise.race([asking, promise]);
  clearTimeout(timer);
}
