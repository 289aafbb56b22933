// npm run chaos [-- CH-08 CH-12 …]: load through every fault, and a table of what became of the calls.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { FAULTS as OTHER_FAULTS } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { BRANCHES, ChaosFederation, HUBS } from "./federation.ts";
import { figuresOf, missedBy, percent, seconds } from "./judge.ts";
import type { Figures, Observation } from "./judge.ts";
import { Load } from "./load.ts";
import type { LoadPhone } from "./load.ts";
import { REDIS_FAULTS } from "./redis-faults.ts";

const FAULTS = [...OTHER_FAULTS, ...REDIS_FAULTS].toSorted((one, other) => (one.id < other.id ? -1 : 1));

const WARM_UP_MS = 5_000;
const RATE = { local: 5, between: 10 } as const;
const RING_MS = 500;
const TALK_MS = 3_000;
/** After the last phone is done nodes have this long to forget their calls. */
const SETTLE_MS = 3_000;

async function observe(fault: Fault, folder: string): Promise<Observation> {
  const missed: string[] = [];
  const federation = await ChaosFederation.start(folder, fault.redis?.bind(fault));
  try {
    const phone = (number: string, host: number): LoadPhone => ({
      number,
      address: `127.30.5.${host}`,
      branch: federation.address(number.startsWith("1") ? "hk" : "london"),
    });
    const common = { folder, ringMs: RING_MS, talkMs: TALK_MS };
    const loads = await Promise.all([
      Load.start({
        ...common,
        name: "hk",
        caller: phone("1000", 1),
        callee: phone("1001", 2),
        callsPerSecond: RATE.local,
      }),
      Load.start({
        ...common,
        name: "london",
        caller: phone("4001", 3),
        callee: phone("4002", 4),
        callsPerSecond: RATE.local,
      }),
      Load.start({
        ...common,
        name: "between",
        caller: phone("1002", 5),
        callee: phone("4000", 6),
        callsPerSecond: RATE.between,
      }),
    ]);
    await setTimeout(WARM_UP_MS);
    const begunAt = performance.now();
    await fault.begin(federation, (what) => missed.push(what));
    await setTimeout(fault.lastsMs);
    const endedAt = performance.now();
    await fault.end?.(federation);
    await setTimeout(fault.afterMs);
    const [hk = [], london = [], between = []] = await Promise.all(loads.map((load) => load.stop()));
    await setTimeout(SETTLE_MS);
    const leftOver = await callsLeft(federation);
    await federation.stopNodes();
    const records = { hk: await federation.records("hk"), london: await federation.records("london") };
    return { fault, missed, begunAt, endedAt, local: { hk, london }, between, records, leftOver };
  } finally {
    await federation.stop();
  }
}

/** A node that is down has none. */
async function callsLeft(federation: ChaosFederation): Promise<number> {
  const counts = await Promise.all([...HUBS, ...BRANCHES].map((node) => federation.activeCalls(node)));
  return counts.reduce((sum, count) => sum + count, 0);
}

function row({ id, name }: Fault, figures: Figures, missed: readonly string[]): string {
  const { local, recordsMissing, recordsTwice } = figures;
  return `| ${[
    id,
    name,
    percent(Math.min(local.hk, local.london)),
    percent(figures.up),
    percent(figures.settingUp),
    percent(figures.later),
    seconds(figures.goodAfterMs),
    figures.refusedWithinMs === 0 ? "–" : seconds(figures.refusedWithinMs),
    seconds(figures.setupMs),
    String(figures.rangTwice),
    `${recordsMissing.hk + recordsMissing.london} / ${recordsTwice}`,
    String(figures.leftOver),
    missed.length === 0 ? "as demanded" : missed.join("; "),
  ].join(" | ")} |`;
}

const HEAD = [
  "| fault | what | local calls | up | setting up | later | good after | refused within | set-up p99 | rang twice | records missing / twice | left over | |",
  "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
];

async function main(wanted: readonly string[]): Promise<void> {
  const faults = FAULTS.filter(({ id }) => wanted.length === 0 || wanted.some((each) => id.includes(each)));
  if (faults.length === 0) {
    throw new Error(`no fault is called ${wanted.join(", ")}: ${FAULTS.map(({ id }) => id).join(", ")}`);
  }
  process.stdout.write(`${HEAD.join("\n")}\n`);
  for (const fault of faults) {
    const folder = await mkdtemp(path.join(tmpdir(), "mss-chaos-"));
    const seen = await observe(fault, folder);
    const figures = figuresOf(seen);
    const missed = [...seen.missed, ...missedBy(figures, fault)];
    process.stdout.write(`${row(fault, figures, missed)}\n`);
    if (missed.length === 0) {
      await rm(folder, { recursive: true, force: true });
    } else {
      process.exitCode = 1;
      process.stderr.write(`logs of ${fault.id}: ${folder}\n`);
    }
  }
}

await main(process.argv.slice(2));
