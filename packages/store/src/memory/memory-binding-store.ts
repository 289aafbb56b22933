import type { Binding, BindingLimits, BindingOutcome, BindingStore } from "@mss/model";
import { applyBindingChange } from "../bindings/apply-change.ts";
import type { BindingChange } from "../bindings/apply-change.ts";

export class MemoryBindingStore implements BindingStore {
  /** In order of registration; an address of record without bindings has no entry. */
  readonly #byAor = new Map<string, readonly Binding[]>();

  async apply(aor: string, change: BindingChange, limits: BindingLimits): Promise<BindingOutcome> {
    const outcome = applyBindingChange(this.#byAor.get(aor) ?? [], change, limits);
    if (outcome.kind === "stored") {
      this.#keep(aor, outcome.bindings);
    }
    return outcome;
  }

  async clear(aor: string): Promise<void> {
    this.#byAor.delete(aor);
  }

  async find(aor: string, nowMs: number): Promise<readonly Binding[]> {
    return (this.#byAor.get(aor) ?? []).filter((binding) => binding.expiresAt > nowMs);
  }

  async all(nowMs: number): Promise<readonly Binding[]> {
    return [...this.#byAor.values()].flat().filter((binding) => binding.expiresAt > nowMs);
  }

  async purge(nowMs: number): Promise<number> {
    let forgotten = 0;
    for (const [aor, bindings] of this.#byAor) {
      const alive = bindings.filter((binding) => binding.expiresAt > nowMs);
      forgotten += bindings.length - alive.length;
      this.#keep(aor, alive);
    }
    return forgotten;
  }

  #keep(aor: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) {
      this.#byAor.delete(aor);
    } else {
      this.#byAor.set(aor, bindings);
    }
  }
}
