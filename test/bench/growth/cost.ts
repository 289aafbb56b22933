import { addressOf, pairOf } from "../core/places.ts";
import { placeCalls } from "../core/sipp-load.ts";
import type { RunningSystem, System } from "../core/system.ts";

const HOLD_MS = 500;
/** Standing calls have the pairs before it. */
const MEASURED_PAIR = 4;

export interface CostOptions {
  readonly callsPerSecond: number;
  readonly seconds: number;
}

export interface Cost {
  /** Processor time of the system, in milliseconds for one call. */
  readonly cpuMs: number;
  readonly failed: number;
}

/** What short calls cost a system that has other things to keep, too. */
export async function costOf(system: System, running: RunningSystem, options: CostOptions): Promise<Cost> {
  const before = await running.processes.cpuMs();
  const { calls, failed } = await placeCalls({
    ...options,
    server: addressOf(system.subnet, 1),
    pairs: [pairOf(system.subnet, MEASURED_PAIR)],
    holdMs: HOLD_MS,
    headersFor: (pair, count) => running.headersFor(pair, count),
  });
  return { cpuMs: ((await running.processes.cpuMs()) - before) / calls, failed };
}
