import { addressOf, pairsFor } from "../core/places.ts";
import { endedChildrenMs, machineBusyMs } from "../core/processor-time.ts";
import { placeCalls } from "../core/sipp-load.ts";
import type { LoadResult } from "../core/sipp-load.ts";
import { delayAt } from "../core/stalls.ts";
import { measureSetUp, untilCallable } from "../core/stopwatch.ts";
import type { SetUpTimes } from "../core/stopwatch.ts";
import type { RunningSystem, System } from "../core/system.ts";

const HOLD_MS = 500;
/** A step is clean when no more than this share of its calls failed, and no more messages were sent again. */
const CLEAN_SHARE = 0.001;
const REACHED_SHARE = 0.9; // of so short a step the start of SIPp and its last answers are a part
const SETTLE_MS = 2_000;
const STALL_SHARE = 0.999;
const TIMED_PER_SECOND = 40;

/** One step of one system. Processor time is in seconds for 1,000 calls, which are milliseconds for one. */
export interface Step {
  readonly callsPerSecond: number;
  readonly load: LoadResult;
  readonly isClean: boolean;
  /** Of all processes of the system. */
  readonly cpu: number;
  /** Of all SIPp. */
  readonly sippCpu: number;
  /** Processors that other work on the machine took meanwhile: 0 on a quiet one. */
  readonly others: number;
  /** Upper bound of what 99.9 % of the event loop's delays were below, in milliseconds; absent where the process is not ours. */
  readonly stallMs?: number;
}

/** Set-up times at half of the rate that was clean. */
export interface HalfLoad {
  readonly callsPerSecond: number;
  readonly times: SetUpTimes;
  readonly stallMs?: number;
}

/** A system on its way up the ladder. */
export class Contender {
  readonly system: System;
  /** In the order in which they were tried; a rate that was tried twice has its second try. */
  readonly steps: Step[] = [];
  /** Of all its processes, after the first call. */
  readonly idleBytes: number;
  halfLoad: HalfLoad | undefined;
  readonly #running: RunningSystem;

  private constructor(system: System, running: RunningSystem, idleBytes: number) {
    this.system = system;
    this.#running = running;
    this.idleBytes = idleBytes;
  }

  static async start(system: System): Promise<Contender> {
    const running = await system.start();
    await untilCallable(system, running);
    const idleBytes = await running.processes.memoryBytes();
    return new Contender(system, running, idleBytes);
  }

  /** The highest rate that was clean, with every lower one that was tried. */
  get best(): Step | undefined {
    return this.#highest(({ isClean }) => isClean);
  }

  /** The same where no call failed and nothing was sent again. */
  get spotless(): Step | undefined {
    return this.#highest(({ isClean, load }) => isClean && load.failed === 0 && load.retransmissions === 0);
  }

  /** The lowest rate that was not clean. */
  get worst(): Step | undefined {
    return this.steps.filter(({ isClean }) => !isClean).toSorted(byRate)[0];
  }

  stop(): Promise<void> {
    return this.#running.processes.stop();
  }

  /** Calls that are not counted: code that runs for the first time is compiled, sockets and memory are made. */
  async warmUp(callsPerSecond: number, seconds: number): Promise<void> {
    await this.#load(callsPerSecond, seconds);
  }

  /** One step; another try when it was not clean, since a busy machine spoils steps, too. Resolves with whether one was. */
  async climb(callsPerSecond: number, seconds: number, onTry: (step: Step) => void): Promise<boolean> {
    let step = await this.#measure(callsPerSecond, seconds);
    onTry(step);
    if (!step.isClean) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      step = await this.#measure(callsPerSecond, seconds);
      onTry(step);
    }
    this.steps.push(step);
    return step.isClean;
  }

  /** Set-up times under half of the clean load, taken by a caller with a better clock than SIPp's. */
  async timeHalfLoad(seconds: number): Promise<void> {
    const callsPerSecond = Math.round((this.best?.callsPerSecond ?? 0) / 2);
    if (callsPerSecond <= TIMED_PER_SECOND) {
      return;
    }
    const before = await this.#running.stalls?.();
    const [times] = await Promise.all([
      measureSetUp(this.system, this.#running, { perSecond: TIMED_PER_SECOND, seconds }),
      this.#load(callsPerSecond - TIMED_PER_SECOND, seconds),
    ]);
    const after = await this.#running.stalls?.();
    this.halfLoad = {
      callsPerSecond,
      times,
      ...(before && after && { stallMs: delayAt(STALL_SHARE, before, after) }),
    };
  }

  #highest(isGood: (step: Step) => boolean): Step | undefined {
    const sorted = this.steps.toSorted(byRate);
    const end = sorted.findIndex((step) => !isGood(step));
    return end < 0 ? sorted.at(-1) : sorted[end - 1];
  }

  #load(callsPerSecond: number, seconds: number): Promise<LoadResult> {
    const { subnet } = this.system;
    return placeCalls({
      server: addressOf(subnet, 1),
      pairs: this.#running.pairs ?? pairsFor(subnet, callsPerSecond),
      callsPerSecond,
      seconds,
      holdMs: HOLD_MS,
      headersFor: (pair, calls) => this.#running.headersFor(pair, calls),
    });
  }

  async #measure(callsPerSecond: number, seconds: number): Promise<Step> {
    const stallsBefore = await this.#running.stalls?.();
    const [cpuBefore, sippBefore, busyBefore] = await this.#times();
    const startedAt = performance.now();
    const load = await this.#load(callsPerSecond, seconds);
    const tookMs = performance.now() - startedAt;
    const [cpuAfter, sippAfter, busyAfter] = await this.#times();
    const stallsAfter = await this.#running.stalls?.();
    const [cpuMs, sippMs] = [cpuAfter - cpuBefore, sippAfter - sippBefore];
    return {
      callsPerSecond,
      load,
      isClean: wasClean(load, callsPerSecond),
      cpu: cpuMs / load.calls,
      sippCpu: sippMs / load.calls,
      others: Math.max(0, (busyAfter - busyBefore - sippMs - cpuMs) / tookMs),
      ...(stallsBefore && stallsAfter && { stallMs: delayAt(STALL_SHARE, stallsBefore, stallsAfter) }),
    };
  }

  #times(): Promise<[number, number, number]> {
    return Promise.all([this.#running.processes.cpuMs(), endedChildrenMs(), machineBusyMs()]);
  }
}

function byRate(one: Step, other: Step): number {
  return one.callsPerSecond - other.callsPerSecond;
}

function wasClean({ calls, failed, retransmissions, reachedPerSecond }: LoadResult, callsPerSecond: number): boolean {
  const most = Math.floor(calls * CLEAN_SHARE);
  return failed <= most && retransmissions <= most && reachedPerSecond >= callsPerSecond * REACHED_SHARE;
}
