import { load, print } from "../core/machine.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench, BenchOptions } from "../core/options.ts";
import { drawPlot } from "../core/plot.ts";
import type { System } from "../core/system.ts";
import { branchToBranch } from "../systems/federation.ts";
import { hub } from "../systems/hub.ts";
import { kamailio } from "../systems/kamailio.ts";
import { minimalEmbedded, minimalOnDrachtio } from "../systems/minimal.ts";
import { Contender } from "./contender.ts";
import { climbLadder } from "./ladder.ts";
import { ratios, resultTable, stepTable, tryLine } from "./report.ts";

const RATES = [200, 300, 400, 600, 800, 1_000, 1_250, 1_500, 2_000];
const BRANCH_RATES = [50, 100, 150, 200, 300, 400, 600];
const QUICK_RATES = [100, 200];
const SECONDS = 4;
const HALF_LOAD_SECONDS = 10;
const WARM_UP = { callsPerSecond: 100, seconds: 10 };
const HALVINGS = 2;

/** Every system that can be had here; `minimal` only when it is asked for. */
export function systemsFor(options: BenchOptions): readonly System[] {
  const { drachtio, withRedis, only } = options;
  const flags = profileFlags(options);
  const all = [
    hub({ subnet: 4, withRedis, flags }),
    kamailio(),
    ...(drachtio === undefined ? [] : [hub({ subnet: 5, withRedis, flags, drachtio }), minimalOnDrachtio(drachtio)]),
    ...(only?.includes("minimal") === true ? [minimalEmbedded(flags)] : []),
  ];
  return all.filter((system) => system !== undefined).filter(({ name }) => only?.includes(name) ?? true);
}

async function measure(contenders: readonly Contender[], options: BenchOptions): Promise<void> {
  const { quick, rates = quick ? QUICK_RATES : RATES, seconds = SECONDS } = options;
  const warmUpSeconds = quick ? 2 : WARM_UP.seconds;
  await Promise.all(contenders.map((contender) => contender.warmUp(WARM_UP.callsPerSecond, warmUpSeconds)));
  print(`processor time in seconds for 1,000 calls; load ${load()} after the warm-up`);
  await climbLadder(contenders, {
    rates,
    seconds,
    halvings: quick ? 0 : HALVINGS,
    onTry: ({ system }, step) => print(tryLine(system.name, step)),
  });
  for (const contender of contenders) {
    await contender.timeHalfLoad(quick ? 2 : HALF_LOAD_SECONDS);
  }
}

function plotOf(contenders: readonly Contender[]): string {
  return drawPlot({
    title: "Processor time of a call, all processes of the system (hollow: not clean)",
    xLabel: "calls a second offered",
    yLabel: "ms of processor time for one call",
    series: contenders.map(({ system, steps }) => ({
      name: system.name,
      points: steps.map(({ callsPerSecond, cpu, isClean }) => ({ x: callsPerSecond, y: cpu, hollow: !isClean })),
    })),
  });
}

export function textOf(contenders: readonly Contender[]): string {
  const others = Math.max(0, ...contenders.flatMap(({ steps }) => steps.map((step) => step.others)));
  return [
    resultTable(contenders),
    ratios(contenders)
      .map((line) => `- ${line}`)
      .join("\n"),
    contenders.map(({ system }) => `- **${system.name}**: ${system.what}`).join("\n"),
    `Other work took at most ${others.toFixed(1)} processors in any step. Every step (result, processor time for 1,000 calls):`,
    stepTable(contenders),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Starts the systems, lets them climb, stops them. */
export async function compare(systems: readonly System[], options: BenchOptions): Promise<readonly Contender[]> {
  const contenders: Contender[] = [];
  try {
    for (const system of systems) {
      contenders.push(await Contender.start(system));
    }
    await measure(contenders, options);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
  print(`\n${resultTable(contenders)}\n\n${ratios(contenders).join("\n")}\n`);
  return contenders;
}

/** Calls through a hub, beside what a user would take instead. */
export const calls: Bench = {
  name: "calls",
  about: "calls a second through one hub, on each engine, beside Kamailio and drachtio-server",
  async run(options) {
    const contenders = await compare(systemsFor(options), options);
    return {
      text: `![processor time of a call](calls.svg)\n\n${textOf(contenders)}`,
      plots: { calls: plotOf(contenders) },
    };
  },
};

/** Calls that go through three nodes. */
export const branches: Bench = {
  name: "branches",
  about: "calls a second from a phone in one branch through the hub to a phone in another",
  async run(options) {
    const { quick, rates = quick ? QUICK_RATES : BRANCH_RATES } = options;
    const system = branchToBranch({ withRedis: options.withRedis, flags: profileFlags(options) });
    return { text: textOf(await compare([system], { ...options, rates })) };
  },
};
