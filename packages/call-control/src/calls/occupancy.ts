import type { LiveCall } from "./live-call.ts";

/** What calls make of a party, such as `extension:1000`. */
export type PartyState = "idle" | "ringing" | "busy";

/** Which parties are in calls of this node, or rung by them. Each call says so of its own parties, and takes it back. */
export class Occupancy {
  readonly #byLabel = new Map<string, Map<LiveCall, Exclude<PartyState, "idle">>>();
  readonly #listeners = new Set<(label: string) => void>();

  /** Who has a call is busy, whoever else rings. */
  stateOf(label: string): PartyState {
    const calls = this.#byLabel.get(label);
    if (calls === undefined) {
      return "idle";
    }
    return [...calls.values()].includes("busy") ? "busy" : "ringing";
  }

  /** The parties of a call from now on; whoever is not named has left it. */
  set(call: LiveCall, parties: ReadonlyMap<string, Exclude<PartyState, "idle">>): void {
    const before = new Map([...this.#labelsOf(call), ...parties.keys()].map((label) => [label, this.stateOf(label)]));
    for (const label of before.keys()) {
      this.#put(label, call, parties.get(label));
    }
    for (const [label, state] of before) {
      if (this.stateOf(label) !== state) {
        for (const listener of this.#listeners) {
          listener(label);
        }
      }
    }
  }

  /** Told of each party whose state has changed. Returns the function that takes the listener off. */
  onChange(listener: (label: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #labelsOf(call: LiveCall): readonly string[] {
    return this.#parties.get(call) ?? [];
  }

  readonly #parties = new WeakMap<LiveCall, readonly string[]>();

  #put(label: string, call: LiveCall, state: Exclude<PartyState, "idle"> | undefined): void {
    const calls = this.#byLabel.get(label) ?? new Map<LiveCall, Exclude<PartyState, "idle">>();
    const kept = (this.#parties.get(call) ?? []).filter((known) => known !== label);
    if (state === undefined) {
      calls.delete(call);
      this.#parties.set(call, kept);
    } else {
      calls.set(call, state);
      this.#parties.set(call, [...kept, label]);
    }
    if (calls.size === 0) {
      this.#byLabel.delete(label);
    } else {
      this.#byLabel.set(label, calls);
    }
  }
}
