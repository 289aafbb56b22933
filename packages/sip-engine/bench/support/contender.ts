import { endedChildrenMs, machineBusyMs } from "./processor-time.ts";
import { placeCalls } from "./sipp-load.ts";
import type { LoadResult } from "./sipp-load.ts";
import type { RunningSystem, System } from "./systems.ts";

const HOLD_MS = 500;
/** A step is clean when no more than this share of its calls failed, and no more messages were sent again. */
const CLEAN_SHARE = 0.001;
const REACHED_SHARE = 0.95;
const SETTLE_MS = 3_000;

/** One step of one system. Processor time is in seconds for 1,000 calls, which are milliseconds for one. */
export interface Step {
  readonly callsPerSecond: number;
  readonly load: LoadResult;
  readonly isClean: boolean;
  /** Of each process of the system. */
  readonly cpu: readonly number[];
  /** Of both SIPp. */
  readonly sippCpu: number;
  /** Processors that other work on the machine took meanwhile: 0 on a quiet one. */
  readonly others: number;
}

/** A system on its way up the ladder. */
export class Contender {
  readonly system: System;
  readonly steps: Step[] = [];
  readonly #running: RunningSystem;
  #isDone = false;

  private constructor(system: System, running: RunningSystem) {
    this.system = system;
    this.#running = running;
  }

  static async start(system: System): Promise<Contender> {
    return new Contender(system, await system.start());
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The highest rate that was clean, with every one below it; 0 when none was. */
  get best(): Step | undefined {
    return this.steps.findLast(({ isClean }) => isClean);
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  /** Calls that are not counted: code that runs for the first time is compiled, sockets and memory are made. */
  async warmUp(callsPerSecond: number, seconds: number): Promise<void> {
    await placeCalls({ server: this.system.address, callsPerSecond, seconds, holdMs: HOLD_MS });
  }

  /** One step; another try when it was not clean, since a busy machine spoils steps, too. Two bad tries end the climb. */
  async climb(callsPerSecond: number, seconds: number, onTry: (step: Step) => void): Promise<void> {
    let step = await this.#measure(callsPerSecond, seconds);
    onTry(step);
    if (!step.isClean) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      step = await this.#measure(callsPerSecond, seconds);
      onTry(step);
    }
    this.steps.push(step);
    this.#isDone = !step.isClean;
  }

  async #measure(callsPerSecond: number, seconds: number): Promise<Step> {
    const [cpuBefore, sippBefore, busyBefore] = await this.#times();
    const startedAt = performance.now();
    const load = await placeCalls({ server: this.system.address, callsPerSecond, seconds, holdMs: HOLD_MS });
    const tookMs = performance.now() - startedAt;
    const [cpuAfter, sippAfter, busyAfter] = await this.#times();
    const cpuMs = cpuAfter.map((ms, process) => ms - (cpuBefore[process] ?? 0));
    const sippMs = sippAfter - sippBefore;
    const othersMs = busyAfter - busyBefore - sippMs - cpuMs.reduce((sum, ms) => sum + ms, 0);
    return {
      callsPerSecond,
      load,
      isClean: wasClean(load, callsPerSecond),
      cpu: cpuMs.map((ms) => ms / load.calls),
      sippCpu: sippMs / load.calls,
      others: Math.max(0, othersMs / tookMs),
    };
  }

  #times(): Promise<[readonly number[], number, number]> {
    return Promise.all([this.#running.cpuMs(), endedChildrenMs(), machineBusyMs()]);
  }
}

function wasClean({ calls, failed, retransmissions, reachedPerSecond }: LoadResult, callsPerSecond: number): boolean {
  const most = Math.floor(calls * CLEAN_SHARE);
  return failed <= most && retransmissions <= most && reachedPerSecond >= callsPerSecond * REACHED_SHARE;
}
