import { reachableFromElsewhere } from "@mss/call-control/node";
import { bindingSchema } from "@mss/model";
import type { Binding, BindingLimits, BindingOutcome, BindingStore } from "@mss/model";
import { fieldsOf, itemsOf, steadyNowMs, withDeadline } from "@mss/runtime";
import type { Logger, WorkerGroup } from "@mss/runtime";

type BindingChange = Parameters<BindingStore["apply"]>[1];

/** A store that hangs must not hold up a call or a registration: a branch waits 2 s for its answer. */
const STORE_LIMIT_MS = 250;

const TRUNK_TOPIC = "trunk";
const ALL_TRUNKS_TOPIC = "all trunks";
const MILLISECONDS = 1000;

export interface TrunkLocationsOptions {
  /** The other processes of this hub: each hears of what one has seen. */
  readonly group?: WorkerGroup | undefined;
  /** Told from where another process has got a registration, and for how many seconds it holds. */
  readonly onSource?: ((source: Binding["source"], seconds: number) => void) | undefined;
}

/**
 * Where the branches are, in memory before the shared store: a hub that has seen a branch register finds it without
 * asking, and goes on registering branches while the store is away. What other hubs saw comes from the store.
 */
export class TrunkLocations implements BindingStore {
  readonly #shared: BindingStore;
  readonly #log: Logger;
  readonly #seen = new Map<string, readonly Binding[]>();
  /** What other processes of this hub have seen. */
  readonly #told = new Map<string, readonly Binding[]>();
  readonly #options: TrunkLocationsOptions;

  constructor(shared: BindingStore, log: Logger, options: TrunkLocationsOptions = {}) {
    this.#shared = shared;
    this.#log = log;
    this.#options = options;
    options.group?.onTold(TRUNK_TOPIC, (value) => this.#onTold(value));
    options.group?.onAsked(ALL_TRUNKS_TOPIC, () => [...this.#seen].map(([aor, bindings]) => ({ aor, bindings })));
  }

  /** Asks the other processes of this hub what they have seen: for one that joins them. Never rejects. */
  async askOthers(): Promise<void> {
    const answers = (await this.#options.group?.ask(ALL_TRUNKS_TOPIC, undefined)) ?? [];
    for (const told of answers.flatMap(itemsOf)) {
      this.#onTold(told);
    }
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
      this.#options.group?.tell(TRUNK_TOPIC, { aor, bindings: outcome.bindings });
    }
    return outcome;
  }

  async clear(aor: string): Promise<void> {
    this.#seen.delete(aor);
    this.#options.group?.tell(TRUNK_TOPIC, { aor, bindings: [] });
    try {
      await withDeadline(this.#shared.clear(aor), STORE_LIMIT_MS, "clear trunk registration");
    } catch (error) {
      this.#log.warn({ err: error, branch: aor }, "trunk registration is taken back in memory only");
    }
  }

  async find(aor: string, nowMs: number): Promise<readonly Binding[]> {
    const known = this.#known(aor, nowMs);
    if (known.length > 0) {
      return known;
    }
    try {
      const found = await withDeadline(this.#shared.find(aor, nowMs), STORE_LIMIT_MS, "find trunk registration");
      return found.map(reachableFromElsewhere);
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
    return this.#known(aor, nowMs).length;
  }

  /** The registration that was made last, of those that this hub has seen. */
  newestHere(aor: string, nowMs: number): Binding | undefined {
    return this.#alive(aor, nowMs).at(-1);
  }

  purge(nowMs: number): Promise<number> {
    return this.#shared.purge(nowMs);
  }

  /** What this process has seen, else what another one of this hub has. */
  #known(aor: string, nowMs: number): readonly Binding[] {
    const seen = this.#alive(aor, nowMs);
    return seen.length > 0 ? seen : (this.#told.get(aor) ?? []).filter(({ expiresAt }) => expiresAt > nowMs);
  }

  #onTold(value: unknown): void {
    const { aor, bindings } = readTold(value);
    this.#told.set(aor, bindings.map(reachableFromElsewhere));
    for (const { source, expiresAt } of bindings) {
      this.#options.onSource?.(source, (expiresAt - steadyNowMs()) / MILLISECONDS);
    }
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

/** What another process of this hub has told. Throws for anything else. */
function readTold(value: unknown): { readonly aor: string; readonly bindings: readonly Binding[] } {
  const { aor, bindings } = fieldsOf(value);
  return { aor: String(aor), bindings: bindingSchema.array().parse(bindings) };
}
