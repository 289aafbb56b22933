import { cpus } from "node:os";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

import { compileColumns, dialPlanOf, parsePattern, shareColumns } from "@mss/dial-plan";
import type { DialPlan, DialPlanColumns, DialPlanEntry } from "@mss/dial-plan";

const RANGES = 1_000_000;
const OPEN_PREFIXES = 2_000;
const BRANCHES = 200;
const BUILDS = 5;
const IDLE_MS = 3_000;
const LOOKUPS = 2_000_000;
const LOOKUP_ROUNDS = 15;
/** Different numbers asked for in turn: as many as an hour of calls has, and more than fit a processor's cache. */
const ASKED = [4_096, 65_536];

/** Park-Miller: the same numbers in every run. */
function createChance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Ranges of 10 digits of uneven length with gaps, as blocks that a number authority gave out, and open prefixes over them. */
function createEntries(): readonly DialPlanEntry<string>[] {
  const chance = createChance(7);
  const texts = Array.from({ length: RANGES }, (_unused, range) => {
    const low = 1_000_000_000 + range * 5_000 + chance(1_000);
    return `${low}-${low + 1 + chance(3_000)}`;
  });
  for (let prefix = 0; prefix < OPEN_PREFIXES; prefix += 1) {
    texts.push(`${10_000 + prefix * 30}*`);
  }
  return texts.map((text) => {
    const parsed = parsePattern(text);
    if (parsed.kind === "invalid") {
      throw new Error(`${text} ${parsed.reason}`);
    }
    return { pattern: parsed.pattern, target: `branch-${chance(BRANCHES)}` };
  });
}

function compile(entries: readonly DialPlanEntry<string>[]): DialPlanColumns<string> {
  const compiled = compileColumns(entries);
  if (compiled.kind === "conflicting") {
    throw new Error("the plan has ties");
  }
  return compiled.columns;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Millions a second. */
function lookupRate(plan: DialPlan<string>, numbers: readonly string[]): number {
  let found = 0;
  const start = performance.now();
  for (let turn = 0; turn < LOOKUPS; turn += 1) {
    if (plan.targetOf(numbers[turn % numbers.length] ?? "") !== undefined) {
      found += 1;
    }
  }
  const seconds = (performance.now() - start) / 1000;
  if (found === 0) {
    throw new Error("no number was found");
  }
  return LOOKUPS / seconds / 1e6;
}

/** Longest time in which the main thread did nothing else while another thread built the plan and handed it over. */
async function longestStall(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const worker = new Worker(new URL(import.meta.url));
  const { promise: received, resolve, reject } = Promise.withResolvers<DialPlanColumns<string>>();
  worker.once("message", resolve).once("error", reject);
  worker.once("online", () => delay.enable());
  const plan = dialPlanOf(await received);
  delay.disable();
  await worker.terminate();
  if (plan.size !== RANGES + OPEN_PREFIXES) {
    throw new Error("another plan was handed over");
  }
  return delay.max / 1e6;
}

/** The same of a thread with nothing to do: what the machine adds. */
async function longestPause(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await setTimeout(IDLE_MS);
  delay.disable();
  return delay.max / 1e6;
}

async function main(): Promise<void> {
  const entries = createEntries();
  const builds: number[] = [];
  let columns = shareColumns(compile(entries));
  for (let build = 0; build < BUILDS; build += 1) {
    const start = performance.now();
    columns = shareColumns(compile(entries)); // as a hub does it
    builds.push(performance.now() - start);
  }
  const plan = dialPlanOf(columns);
  const lines = [
    `node ${process.version}, ${cpus()[0]?.model ?? "?"}, ${plan.size} ranges and open prefixes`,
    `build     middle ${median(builds).toFixed(0)} ms, best ${Math.min(...builds).toFixed(0)} ms`,
    `memory    ${(plan.byteLength / 1e6).toFixed(1)} MB`,
  ];
  const chance = createChance(11);
  for (const asked of ASKED) {
    const numbers = Array.from({ length: asked }, () => String(1_000_000_000 + chance(RANGES) * 5_000 + chance(5_000)));
    const rates = Array.from({ length: LOOKUP_ROUNDS }, () => lookupRate(plan, numbers));
    const figures = `middle ${median(rates).toFixed(1)}, best ${Math.max(...rates).toFixed(1)} million a second`;
    lines.push(`look-ups  ${figures}, of ${asked} numbers in turn`);
  }
  const idle = await longestPause();
  const stall = await longestStall();
  lines.push(
    `stall     ${stall.toFixed(1)} ms at most while another thread builds it, ${idle.toFixed(1)} ms while none does`,
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}

if (isMainThread) {
  await main();
} else {
  parentPort?.postMessage(shareColumns(compile(createEntries())), []);
}
