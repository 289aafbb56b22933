import type { Address, Pair } from "./places.ts";
import type { ProcessGroup } from "./processes.ts";
import type { DelayBuckets } from "./stalls.ts";

/** A system under test that is up: what stands between callers and callees. */
export interface RunningSystem {
  readonly processes: ProcessGroup;
  /** Our hub; absent where there is none of ours. */
  readonly ownPid?: number;
  /** Those that share the calls, at any rate; absent: as many as the rate needs. */
  readonly pairs?: readonly Pair[];
  /** A header line for each of the next calls of that pair; one line when all of them have the same. */
  headersFor(pair: Pair, calls: number): Promise<readonly string[]>;
  /** How late the event loop of our own process was so far; absent where there is none of ours. */
  stalls?(): Promise<DelayBuckets>;
}

/** One way to connect the callers with the callees. */
export interface System {
  readonly name: string;
  /** What it is, for the table. */
  readonly what: string;
  /** All its addresses are in 127.31.<subnet>.0/24; it is called at .1. */
  readonly subnet: number;
  /** Where the callees hear of calls from; where the callers call when absent. */
  readonly calleeServer?: Address;
  start(): Promise<RunningSystem>;
}

/** Where nothing is asked of a caller: a header that says nothing, so that all INVITEs have as many. */
export const NO_CREDENTIALS: readonly string[] = ["Accept: application/sdp"];
