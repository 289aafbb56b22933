// How many calls a second one machine bridges, with SIPp as caller and callee on the same machine. README.md says how.
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { placeCalls } from "./support/sipp-load.ts";
import type { LoadResult } from "./support/sipp-load.ts";
import { drachtioServer, embedded } from "./support/systems.ts";
import type { RunningSystem, System } from "./support/systems.ts";

const HOLD_MS = 500;
/** A step is clean when no more than this share of its calls failed, and no more messages were sent again. */
const CLEAN_SHARE = 0.001;
const REACHED_SHARE = 0.95;

interface Contender {
  readonly system: System;
  readonly running: RunningSystem;
  best: number;
  failures: number;
}

function isClean({ calls, failed, retransmissions, reachedPerSecond }: LoadResult, callsPerSecond: number): boolean {
  const most = Math.floor(calls * CLEAN_SHARE);
  return failed <= most && retransmissions <= most && reachedPerSecond >= callsPerSecond * REACHED_SHARE;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function measure({ system, running }: Contender, callsPerSecond: number, seconds: number): Promise<boolean> {
  const before = await running.cpuMs();
  const result = await placeCalls({ server: system.address, callsPerSecond, seconds, holdMs: HOLD_MS });
  const after = await running.cpuMs();
  const cpuPerCall = after.map((ms, index) => ((ms - (before[index] ?? 0)) / result.calls).toFixed(2)).join(" + ");
  const clean = isClean(result, callsPerSecond);
  const numbers = [
    `${callsPerSecond}/s`.padStart(7),
    `${result.failed} failed`.padStart(13),
    `${result.retransmissions} sent again`.padStart(18),
    `answer ${result.answerMs.toFixed(0)} ms`.padStart(15),
    `cpu ${cpuPerCall} ms a call`.padStart(24),
  ];
  print(`${system.name.padEnd(16)} ${numbers.join(" ")}  ${clean ? "clean" : "-"}`);
  return clean;
}

const { values } = parseArgs({
  options: {
    ladder: { type: "string", default: "100,200,300,400,500,600,700,800,900,1000,1200" },
    seconds: { type: "string", default: "10" },
    drachtio: { type: "string" },
    only: { type: "string" },
    "cpu-prof": { type: "string" },
  },
});
// oxlint-disable-next-line no-process-env -- the switch that the conformance tests have, too
const binary = values.drachtio ?? process.env["DRACHTIO_BIN"];
const flags = values["cpu-prof"] === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values["cpu-prof"]}`];
const systems = [embedded(flags), ...(binary === undefined ? [] : [drachtioServer(binary)])];
const contenders: Contender[] = [];
for (const system of systems.filter(({ name }) => values.only === undefined || values.only === name)) {
  contenders.push({ system, running: await system.start(), best: 0, failures: 0 });
}

print(`node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}, load ${loadavg()[0]?.toFixed(1)}`);
// In turns, so that other work on the machine falls on all of them; two unclean steps end a contender's climb.
for (const callsPerSecond of values.ladder.split(",").map(Number)) {
  for (const contender of contenders.filter(({ failures }) => failures < 2)) {
    if (await measure(contender, callsPerSecond, Number(values.seconds))) {
      contender.best = callsPerSecond;
      contender.failures = 0;
    } else {
      contender.failures += 1;
    }
  }
}
for (const { system, running, best } of contenders) {
  await running.stop();
  print(`${system.name.padEnd(16)} ${best} calls a second`);
}
const [ours, theirs] = [
  contenders.find(({ system }) => system.name === "embedded"),
  contenders.find(({ system }) => system.name !== "embedded"),
];
if (ours !== undefined && theirs !== undefined && theirs.best > 0) {
  print(`ratio ${(ours.best / theirs.best).toFixed(1)}`);
}
