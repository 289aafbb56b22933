import type { CallRecord } from "@mss/model";
import type { BranchName } from "./federation.ts";
import { BRANCHES } from "./federation.ts";
import type { Fault } from "./fault.ts";
import type { LoadCall } from "./load.ts";

/** Everything that was seen in one run. Times are of `performance.now()`. */
export interface Observation {
  readonly fault: Fault;
  /** What the fault itself found missing. */
  readonly missed: readonly string[];
  readonly begunAt: number;
  readonly endedAt: number;
  readonly local: Readonly<Record<BranchName, readonly LoadCall[]>>;
  readonly between: readonly LoadCall[];
  readonly records: Readonly<Record<BranchName, readonly CallRecord[]>>;
  /** Calls that nodes still had when all phones were done. */
  readonly leftOver: number;
}

export interface Figures {
  /** Parts of 1; NaN where there was no such call. */
  readonly local: Readonly<Record<BranchName, number>>;
  readonly up: number;
  readonly settingUp: number;
  readonly later: number;
  /** From the fault to the last call that failed; 0 when none did. */
  readonly goodAfterMs: number;
  readonly goodAfterHealMs: number;
  /** Longest time from a call to its refusal; what was never answered counts as forever. */
  readonly refusedWithinMs: number;
  /** Longest set-up of a call that succeeded, 99 of 100, without ringing. */
  readonly setupMs: number;
  readonly rangTwice: number;
  /** Callees left in a call whose caller is gone. */
  readonly ghosts: number;
  readonly recordsMissing: Readonly<Record<BranchName, number>>;
  readonly recordsTwice: number;
  readonly leftOver: number;
}

export function figuresOf(seen: Observation): Figures {
  const { between, begunAt, endedAt } = seen;
  const isUp = (call: LoadCall): boolean =>
    (call.answeredAt ?? Infinity) <= begunAt && (call.endedAt ?? Infinity) > begunAt;
  const isSettingUp = (call: LoadCall): boolean =>
    call.offeredAt <= begunAt && (call.answeredAt ?? Infinity) > begunAt && (call.failedAt ?? Infinity) > begunAt;
  const later = between.filter((call) => call.offeredAt > begunAt);
  const lastFailure = Math.max(0, ...later.filter((call) => !isConnected(call)).map((call) => call.offeredAt));
  return {
    local: perBranch((branch) => part(seen.local[branch], isDone)),
    up: part(between.filter(isUp), isDone),
    settingUp: part(between.filter(isSettingUp), isConnected),
    later: part(later, isConnected),
    goodAfterMs: Math.max(0, lastFailure - begunAt),
    goodAfterHealMs: Math.max(0, lastFailure - endedAt),
    refusedWithinMs: Math.max(0, ...later.filter((call) => !isConnected(call)).map(timeToFail)),
    setupMs: quantile(
      later.filter(isConnected).map((call) => (call.answeredAt ?? 0) - call.offeredAt),
      0.99,
    ),
    rangTwice: between.filter(({ rings }) => rings > 1).length,
    ghosts: between.reduce((sum, { ghosts }) => sum + Math.max(0, ghosts), 0),
    recordsMissing: perBranch((branch) => missingRecords(seen, branch)),
    recordsTwice: BRANCHES.reduce((sum, branch) => sum + twice(seen.records[branch]), 0),
    leftOver: seen.leftOver,
  };
}

/** What was demanded and is not so, in words; empty when all is. */
export function missedBy(figures: Figures, { demands }: Fault): readonly string[] {
  const { local = BRANCHES, records = BRANCHES } = demands;
  const missed: string[] = [];
  const atLeast = (what: string, seen: number, least: number | undefined): void => {
    if (least !== undefined && seen < least) {
      missed.push(`${what} ${percent(seen)} < ${percent(least)}`);
    }
  };
  const within = (what: string, seen: number, most: number | undefined): void => {
    if (most !== undefined && seen > most) {
      missed.push(`${what} ${seconds(seen)} > ${seconds(most)}`);
    }
  };
  for (const branch of local) {
    atLeast(`local ${branch}`, figures.local[branch], 1);
  }
  atLeast("up", figures.up, demands.up);
  atLeast("setting up", figures.settingUp, demands.settingUp);
  atLeast("later", figures.later, demands.later);
  within("good after", figures.goodAfterMs, demands.goodAfterMs);
  within("good after the end", figures.goodAfterHealMs, demands.goodAfterHealMs);
  within("refused within", figures.refusedWithinMs, demands.refusedWithinMs);
  for (const branch of records) {
    if (figures.recordsMissing[branch] !== 0) {
      missed.push(`records of ${branch}: ${figures.recordsMissing[branch]} missing`);
    }
  }
  if (figures.recordsTwice > 0) {
    missed.push(`${figures.recordsTwice} records twice`);
  }
  const most = (what: string, seen: number, allowed = 0): void => {
    if (seen > allowed) {
      missed.push(`${seen} ${what}`);
    }
  };
  most("rang twice", figures.rangTwice);
  most("phones left alone", figures.ghosts, demands.ghosts);
  most("calls left over", figures.leftOver, demands.leftOver);
  return missed;
}

export function percent(value: number): string {
  return Number.isNaN(value) ? "–" : `${(Math.floor(value * 1_000) / 10).toFixed(1)} %`;
}

export function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s` : "never";
}

function isConnected({ answeredAt }: LoadCall): boolean {
  return answeredAt !== undefined;
}

function isDone({ endedAt, failure }: LoadCall): boolean {
  return endedAt !== undefined && failure === undefined;
}

function timeToFail({ offeredAt, failure, failedAt }: LoadCall): number {
  return failure?.startsWith("refused") === true ? (failedAt ?? Infinity) - offeredAt : Infinity;
}

function part(calls: readonly LoadCall[], holds: (call: LoadCall) => boolean): number {
  return calls.filter(holds).length / calls.length;
}

function quantile(values: readonly number[], at: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) * at)] ?? Number.NaN;
}

/** A branch records what its phones call: its own calls and, at Hong Kong, those to London. */
function missingRecords({ local, between, records }: Observation, branch: BranchName): number {
  const calls = branch === "hk" ? [...local.hk, ...between] : local[branch];
  const answered = records[branch].filter(
    ({ origin, result }) => origin.startsWith("extension:") && result === "answered",
  );
  return calls.filter(isConnected).length - answered.length;
}

/** Answered calls: one that was moved to another hub is recorded as lost by the first, which is true. */
function twice(all: readonly CallRecord[]): number {
  const records = all.filter(({ result }) => result === "answered");
  return records.length - new Set(records.map(({ sessionId, from, to }) => `${sessionId} ${from} ${to}`)).size;
}

function perBranch<Value>(value: (branch: BranchName) => Value): Readonly<Record<BranchName, Value>> {
  return { hk: value("hk"), london: value("london") };
}
