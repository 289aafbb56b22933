import type { BranchName, ChaosFederation, FederationOptions } from "./federation.ts";

/** What must hold; a key that is absent is not demanded. Parts are of 1, times in milliseconds since the fault or its end. */
export interface Demands {
  /** Branches whose own calls must all succeed; both when absent. */
  readonly local?: readonly BranchName[];
  /** Calls between branches that were up when the fault began and ended as they should. */
  readonly up?: number;
  /** Calls between branches that were being set up. */
  readonly settingUp?: number;
  /** Calls between branches made later, of all. */
  readonly later?: number;
  /** After this all calls between branches succeed, counted from the fault. */
  readonly goodAfterMs?: number;
  /** The same, counted from the end of the fault. */
  readonly goodAfterHealMs?: number;
  /** A call that fails is refused within this. */
  readonly refusedWithinMs?: number;
  /** Branches whose records must be those of the answered calls that were brought to them by their phones; both when absent. */
  readonly records?: readonly BranchName[];
  /** Calls that a node may still have when all phones are done. 0 when absent. */
  readonly leftOver?: number;
  /** Phones that may be left in a call whose caller is gone. 0 when absent. */
  readonly ghosts?: number;
}

/** Says what was demanded beside the calls and is not so. */
export type Miss = (what: string) => void;

export interface Fault {
  /** Of the fault matrix. */
  readonly id: string;
  readonly name: string;
  readonly demands: Demands;
  begin(federation: ChaosFederation, miss: Miss): Promise<void> | void;
  /** How long it lasts. */
  readonly lastsMs: number;
  end?(federation: ChaosFederation): Promise<void> | void;
  /** How long the load goes on afterwards. */
  readonly afterMs: number;
  /** How long phones ring; 500 ms when absent. */
  readonly ringMs?: number;
  /** How long calls last; 3 s when absent. */
  readonly talkMs?: number;
  /** What the federation needs beside the ordinary; one of its own is started for it then. */
  readonly needs?: FederationOptions;
}

export const ALL = 1;
/** No call is lost at any time. */
export const UNTOUCHED: Demands = { up: ALL, settingUp: ALL, later: ALL };
