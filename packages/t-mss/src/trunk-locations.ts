import type { Binding, BindingLimits, BindingOutcome, BindingStore } from "@mss/model";
import { withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";

type BindingChange = Parameters<BindingStore["apply"]>[1];

/** A store that hangs must not hold up a call or a registration: a branch waits 2 s for its answer. */
const STORE_LIMIT_MS = 250;

/**
 * Where the branches are, in memory before the shared store: a hub that has seen a branch register finds it without
 * asking, and goes on registering branches while the store is away. What other hubs saw comes from the store.
 */
export class TrunkLocations implements BindingStore {
  readonly #shared: BindingStore;
  readonly #log: Logger;
  readonly #seen = new Map<string, readonly Binding[]>();

  constructor(shared: BindingStore, log: Logger) {
    this.#shared = shared;
    this.#log = log;
  }

  async apply(aor: string, change: BindingChange, limits: BindingLimits): Promise<BindingOutcome> {
    let outcome: BindingOutcome;
    try {
      outcome = await withDeadline(this.#shared.apply(aor, change, limits), STORE_LIMIT_MS, "apply trunk registration");
    } catch (error) {
      this.#log.warn({ err: error, branch: aor }, "trunk registration is kept in memory only");
      outcome = this.#applyHere(aor, change, limits);
    }
    if (outcome.kind === "stored") {
      this.#seen.set(aor, outcome.bindings);
    }
    return outcome;
  }

  async clear(aor: string): Promise<void> {
    this.#seen.delete(aor);
    try {
      await withDeadline(this.#shared.clear(aor), STORE_LIMIT_MS, "clear trunk registration");
    } catch (error) {
      this.#log.warn({ err: error, branch: aor }, "trunk registration is taken back in memory only");
    }
  }

  async find(aor: string, nowMs: number): Promise<readonly Binding[]> {
    const seen = this.#alive(aor, nowMs);
    if (seen.length > 0) {
      return seen;
    }
    try {
      return await withDeadline(this.#shared.find(aor, nowMs), STORE_LIMIT_MS, "find trunk registration");
    } catch (error) {
      this.#log.warn({ err: error, branch: aor }, "trunk registrations of other hubs cannot be read");
      return [];
    }
  }

  /** What this hub has seen itself. */
  async all(nowMs: number): Promise<readonly Binding[]> {
    return [...this.#seen.keys()].flatMap((aor) => this.#alive(aor, nowMs));
  }

  /** For status: without waiting for anybody. */
  aliveHere(aor: string, nowMs: number): number {
    return this.#alive(aor, nowMs).length;
  }

  purge(nowMs: number): Promise<number> {
    return this.#shared.purge(nowMs);
  }

  #alive(aor: string, nowMs: number): readonly Binding[] {
    return (this.#seen.get(aor) ?? []).filter((binding) => binding.expiresAt > nowMs);
  }

  /** The change without the store: contacts and limit only, as CSeq order was looked at before. */
  #applyHere(aor: string, change: BindingChange, limits: BindingLimits): BindingOutcome {
    const gone = new Set([...change.remove, ...change.set.map(({ contact }) => contact)]);
    const kept = this.#alive(aor, limits.nowMs).filter(({ contact }) => !gone.has(contact));
    const bindings = [...kept, ...change.set];
    return bindings.length > limits.maxContacts
      ? { kind: "tooMany", limit: limits.maxContacts }
      : { kind: "stored", bindings };
  }
}
