import { setTimeout as sleep } from "node:timers/promises";
import { heapBytes } from "../core/heap.ts";
import { megabytes, print } from "../core/machine.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench, BenchOptions } from "../core/options.ts";
import { addressOf, pairOf } from "../core/places.ts";
import { drawPlot } from "../core/plot.ts";
import { Callee, Caller } from "../core/sipp-load.ts";
import { untilCallable } from "../core/stopwatch.ts";
import type { RunningSystem, System } from "../core/system.ts";
import { markdownTable } from "../core/table.ts";
import { hub } from "../systems/hub.ts";
import { kamailio } from "../systems/kamailio.ts";
import { minimalOnDrachtio } from "../systems/minimal.ts";
import { costOf } from "./cost.ts";

const CALLS = 10_000;
const ON_DRACHTIO = 5_000; // it sets them up at half the rate
const FIRST_LEVEL = 10;
const STEP = 10;
const WARM_UP = { callsPerSecond: 100, seconds: 8 };
const COST = { callsPerSecond: 50, seconds: 4 };
const INSPECTOR_PORT = 9_229;
const FOREVER_MS = 3_600_000;
const STRAGGLERS_SECONDS = 5;
const QUICK_CALLS_PER_SECOND = 30;
/** How long an INVITE is remembered after its answer (64 × T1): what is measured are calls and not their beginnings. */
const SETTLE_MS = 33_000;
const SETTLED_FROM = 1_000;

interface Subject {
  readonly system: System;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly hasInspector: boolean;
}

interface Level {
  readonly calls: number;
  readonly bytes: number;
  readonly heap?: number;
  readonly cpuMs: number;
}

interface Outcome {
  readonly subject: Subject;
  /** After calls that are over. */
  readonly base: Omit<Level, "cpuMs" | "calls">;
  readonly levels: readonly Level[];
}

function subjects(options: BenchOptions): readonly Subject[] {
  const { withRedis, drachtio, only, quick, count } = options;
  const most = count ?? (quick ? 100 : CALLS);
  const fewer = Math.min(count ?? ON_DRACHTIO, most);
  const flags = (subnet: number): readonly string[] => [
    ...profileFlags(options),
    `--inspect=${addressOf(subnet, 1).host}:${INSPECTOR_PORT}`,
  ];
  const proxy = kamailio();
  const own = { hasInspector: true, calls: most, callsPerSecond: 250 };
  const all: readonly Subject[] = [
    { ...own, system: hub({ subnet: 4, withRedis, flags: flags(4) }) },
    ...(proxy === undefined ? [] : [{ system: proxy, calls: most, callsPerSecond: 500, hasInspector: false }]),
    ...(drachtio === undefined
      ? []
      : [
          {
            ...own,
            system: hub({ subnet: 5, withRedis, flags: flags(5), drachtio }),
            calls: fewer,
            callsPerSecond: 125,
          },
          { system: minimalOnDrachtio(drachtio), calls: fewer, callsPerSecond: 125, hasInspector: false },
        ]),
  ];
  return all
    .filter(({ system }) => only?.includes(system.name) ?? true)
    .map((subject) => (quick ? { ...subject, callsPerSecond: QUICK_CALLS_PER_SECOND } : subject));
}

async function sizes(
  { system, hasInspector }: Subject,
  running: RunningSystem,
): Promise<Omit<Level, "cpuMs" | "calls">> {
  const heap = hasInspector ? await heapBytes(addressOf(system.subnet, 1).host, INSPECTOR_PORT) : undefined;
  return { bytes: await running.processes.memoryBytes(), ...(heap !== undefined && { heap }) };
}

/** Waits until all calls stand, or no more come; resolves with how many do. */
async function untilStanding(callee: Callee, target: number): Promise<number> {
  let standing = await callee.standing();
  for (let quiet = 0; standing < target && quiet < STRAGGLERS_SECONDS; quiet += 1) {
    await sleep(1_000);
    const now = await callee.standing();
    quiet = now > standing ? 0 : quiet;
    standing = now;
  }
  return standing;
}

/** Calls that stay, ten times as many at each level; what they take, and what another call costs beside them. */
async function climbLevels(subject: Subject, running: RunningSystem): Promise<readonly Level[]> {
  const { system, calls, callsPerSecond } = subject;
  const pair = pairOf(system.subnet, 1);
  const server = addressOf(system.subnet, 1);
  const callee = await Callee.start(pair.callee);
  const callers: Caller[] = [];
  const levels: Level[] = [];
  for (let target = FIRST_LEVEL, up = 0; up < calls; target = Math.min(calls, target * STEP)) {
    const more = target - up;
    const caller = { ...pair.caller, port: pair.caller.port + callers.length };
    callers.push(
      await Caller.start({
        server,
        pair: { ...pair, caller },
        callsPerSecond,
        calls: more,
        holdMs: FOREVER_MS,
        headers: await running.headersFor(pair, more),
        limitMs: FOREVER_MS,
      }),
    );
    await sleep((more * 1000) / callsPerSecond);
    up = target;
    const standing = await untilStanding(callee, target);
    const { cpuMs } = await costOf(system, running, COST);
    if (target === calls && calls >= SETTLED_FROM) {
      await sleep(SETTLE_MS);
    }
    levels.push({ calls: standing, cpuMs, ...(await sizes(subject, running)) });
    print(`${system.name.padEnd(14)} ${levelText(levels.at(-1))}`);
  }
  await Promise.all(callers.map((caller) => caller.stop()));
  await callee.stop();
  return levels;
}

function levelText(level: Level | undefined): string {
  return level === undefined
    ? ""
    : `${level.calls} calls stand: ${megabytes(level.bytes)}, ${level.cpuMs.toFixed(2)} ms for another`;
}

async function measure(subject: Subject): Promise<Outcome> {
  const { system } = subject;
  const running = await system.start();
  try {
    await untilCallable(system, running);
    await costOf(system, running, WARM_UP);
    const base = await sizes(subject, running);
    return { subject, base, levels: await climbLevels(subject, running) };
  } finally {
    await running.processes.stop();
  }
}

function kilobytesEach(bytes: number | undefined, base: number | undefined, calls: number): string {
  return bytes === undefined || base === undefined ? "" : ((bytes - base) / 1024 / calls).toFixed(1);
}

function rowOf({ subject, base, levels }: Outcome): readonly string[] {
  const last = levels.at(-1);
  return [
    subject.system.name,
    megabytes(base.bytes),
    String(last?.calls ?? ""),
    megabytes(last?.bytes ?? Number.NaN),
    kilobytesEach(last?.bytes, base.bytes, last?.calls ?? 1),
    kilobytesEach(last?.heap, base.heap, last?.calls ?? 1),
    levels.map(({ cpuMs }) => cpuMs.toFixed(2)).join(", "),
  ];
}

/** What calls that stand cost, in memory and in the time of others. */
export const established: Bench = {
  name: "established",
  about: "memory of established calls (10,000), and what a call costs while 10 to 10,000 others stand",
  async run(options) {
    const outcomes: Outcome[] = [];
    for (const subject of subjects(options)) {
      outcomes.push(await measure(subject));
    }
    const head = [
      "system",
      "memory before",
      "calls that stand",
      "memory with them",
      "KB for each",
      "of it in the heap, KB",
      "ms of processor time for another call, while 10, 100, … stand",
    ];
    const table = markdownTable(head, outcomes.map(rowOf));
    print(`\n${table}\n`);
    const plot = drawPlot({
      title: "What another call costs while so many stand",
      xLabel: "established calls",
      yLabel: "ms of processor time for one call",
      logarithmic: true,
      series: outcomes.map(({ subject, levels }) => ({
        name: subject.system.name,
        points: levels.map(({ calls, cpuMs }) => ({ x: calls, y: cpuMs })),
      })),
    });
    return { text: `![cost of a call while others stand](established.svg)\n\n${table}`, plots: { established: plot } };
  },
};
