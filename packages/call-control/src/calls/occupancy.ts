import type { LiveCall } from "./live-call.ts";

/** What calls make of a party, such as `extension:1000`. */
export type PartyState = "idle" | "ringing" | "busy";

type Parties = ReadonlyMap<string, Exclude<PartyState, "idle">>;

/** How many calls a party is in, and how many ring it: a trunk has thousands of them, and each call asks several times. */
interface Counts {
  busy: number;
  ringing: number;
}

const NOBODY: Parties = new Map();

/** Which parties are in calls of this node, or rung by them. Each call says so of its own parties, and takes it back. */
export class Occupancy {
  readonly #byLabel = new Map<string, Counts>();
  readonly #parties = new WeakMap<LiveCall, Parties>();
  readonly #listeners = new Set<(label: string) => void>();

  /** Who has a call is busy, whoever else rings. */
  stateOf(label: string): PartyState {
    const counts = this.#byLabel.get(label);
    if (counts === undefined) {
      return "idle";
    }
    return counts.busy > 0 ? "busy" : "ringing";
  }

  /** The parties of a call from now on; whoever is not named has left it. */
  set(call: LiveCall, parties: Parties): void {
    const left = this.#parties.get(call) ?? NOBODY;
    const before = new Map([...left.keys(), ...parties.keys()].map((label) => [label, this.stateOf(label)]));
    this.#count(left, -1);
    this.#count(parties, 1);
    this.#parties.set(call, parties);
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

  #count(parties: Parties, by: 1 | -1): void {
    for (const [label, state] of parties) {
      const counts = this.#byLabel.get(label) ?? { busy: 0, ringing: 0 };
      counts[state] += by;
      if (counts.busy + counts.ringing === 0) {
        this.#byLabel.delete(label);
      } else {
        this.#byLabel.set(label, counts);
      }
    }
  }
}
