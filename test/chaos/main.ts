// npm run chaos [-- [--rate N] [--list] CH-08 CH-12 …]: load through every fault, and a table of what became of the calls.
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { CallRecord } from "@mss/model";
import type { Fault } from "./fault.ts";
import { FAULTS } from "./faults.ts";
import { BRANCHES, ChaosFederation, HUBS } from "./federation.ts";
import type { BranchName } from "./federation.ts";
import { figuresOf, missedBy, percent, seconds } from "./judge.ts";
import type { Figures, Observation } from "./judge.ts";
import { Load } from "./load.ts";
import type { LoadPhone } from "./load.ts";

const WARM_UP_MS = 4_000;
const DEFAULT_RATE = 10;
const RING_MS = 500;
const TALK_MS = 3_000;
/** After the last phone is done nodes have this long to forget their calls. */
const SETTLE_MS = 4_000;

async function startLoads(federation: ChaosFederation, fault: Fault, folder: string, rate: number): Promise<Load[]> {
  const phone = (number: string, host: number): LoadPhone => ({
    number,
    address: `127.30.5.${host}`,
    branch: federation.address(number.startsWith("1") ? "hk" : "london"),
  });
  const common = { folder, ringMs: fault.ringMs ?? RING_MS, talkMs: fault.talkMs ?? TALK_MS };
  const local = { ...common, callsPerSecond: Math.ceil(rate / 2) };
  return Promise.all([
    Load.start({ ...local, name: "hk", caller: phone("1000", 1), callee: phone("1001", 2) }),
    Load.start({ ...local, name: "london", caller: phone("4001", 3), callee: phone("4002", 4) }),
    Load.start({
      ...common,
      name: "between",
      caller: phone("1002", 5),
      callee: phone("4000", 6),
      callsPerSecond: rate,
    }),
  ]);
}

async function observe(
  federation: ChaosFederation,
  fault: Fault,
  { folder, rate }: { readonly folder: string; readonly rate: number },
): Promise<Observation> {
  const missed: string[] = [];
  const miss = (what: string): void => void missed.push(what);
  await federation.trunksUp();
  const known = await recordsOf(federation);
  const before = new Set([...known.hk, ...known.london].map(({ id }) => id));
  const loads = await startLoads(federation, fault, folder, rate);
  await setTimeout(WARM_UP_MS);
  const begunAt = performance.now();
  await fault.begin(federation, miss);
  await setTimeout(fault.lastsMs);
  const endedAt = performance.now();
  await fault.end?.(federation);
  await setTimeout(fault.afterMs);
  const [hk = [], london = [], between = []] = await Promise.all(loads.map((load) => load.stop(SETTLE_MS)));
  const leftOver = await callsLeft(federation);
  const all = await recordsOf(federation);
  const isNew = ({ id }: CallRecord): boolean => !before.has(id);
  const records = { hk: all.hk.filter(isNew), london: all.london.filter(isNew) };
  return { fault, missed, begunAt, endedAt, local: { hk, london }, between, records, leftOver };
}

async function recordsOf(federation: ChaosFederation): Promise<Record<BranchName, readonly CallRecord[]>> {
  const [hk, london] = await Promise.all([federation.records("hk"), federation.records("london")]);
  return { hk, london };
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
    String(figures.ghosts),
    `${recordsMissing.hk + recordsMissing.london} / ${recordsTwice}`,
    String(figures.leftOver),
    missed.length === 0 ? "as demanded" : missed.join("; "),
  ].join(" | ")} |`;
}

const HEAD = [
  "| fault | what | local calls | up | setting up | later | good after | refused within | set-up p99 | rang twice | left alone | records missing / twice | left over | |",
  "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
];

/** Federations for one fault after the other: one that went through its fault as demanded, and has no call left, goes through the next as well. */
class Federations {
  #shared: { readonly federation: ChaosFederation; readonly folder: string } | undefined;

  async run(fault: Fault, rate: number): Promise<void> {
    if (fault.needs !== undefined) {
      await this.stop();
    }
    const folder = this.#shared?.folder ?? (await mkdtemp(path.join(tmpdir(), "mss-chaos-")));
    const federation = this.#shared?.federation ?? (await ChaosFederation.start(folder, fault.needs));
    this.#shared = { federation, folder };
    const seen = await observe(federation, fault, { folder: path.join(folder, nameOf(fault)), rate });
    const figures = figuresOf(seen);
    const missed = [...seen.missed, ...missedBy(figures, fault)];
    process.stdout.write(`${row(fault, figures, missed)}\n`);
    if (missed.length > 0) {
      process.exitCode = 1;
      process.stderr.write(`logs of ${fault.id}: ${folder}\n`);
      this.#shared = undefined;
      await federation.stop(); // what is wrong with it must not be taken for the next fault's
    } else if (fault.needs !== undefined || figures.leftOver > 0) {
      await this.stop();
    }
  }

  async stop(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    if (shared !== undefined) {
      await shared.federation.stop();
      await rm(shared.folder, { recursive: true, force: true });
    }
  }
}

function nameOf({ id, name }: Fault): string {
  return `${id} ${name}`.replaceAll(/[^A-Za-z0-9]+/g, "-");
}

async function main(): Promise<void> {
  const { values, positionals: wanted } = parseArgs({
    allowPositionals: true,
    options: { rate: { type: "string", default: String(DEFAULT_RATE) }, list: { type: "boolean", default: false } },
  });
  const rate = Number(values.rate);
  const faults = FAULTS.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  if (faults.length === 0 || !Number.isInteger(rate) || rate < 1) {
    throw new Error(`faults are ${[...new Set(FAULTS.map(({ id }) => id))].join(", ")}; a rate is a number from 1`);
  }
  if (values.list) {
    process.stdout.write(`${faults.map(({ id, name }) => `${id} ${name}`).join("\n")}\n`);
    return;
  }
  const [cpu] = cpus();
  const load = `${rate} calls a second between the branches, ${Math.ceil(rate / 2)} in each`;
  process.stdout.write(`${new Date().toISOString()}, ${cpus().length} × ${cpu?.model.trim() ?? "?"}, ${load}\n\n`);
  process.stdout.write(`${HEAD.join("\n")}\n`);
  const federations = new Federations();
  try {
    for (const fault of faults) {
      await federations.run(fault, rate);
    }
  } finally {
    await federations.stop();
  }
}

await main();
