// How many calls a second one machine bridges, with SIPp as caller and callee on the same machine. README.md says how.
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Contender } from "./support/contender.ts";
import { summary, table, tryLine } from "./support/report.ts";
import { drachtioServer, embedded } from "./support/systems.ts";

const WARM_UP_PER_SECOND = 100;

const { values } = parseArgs({
  options: {
    ladder: { type: "string", default: "200,250,300,350,400,450,500,550,600,650,700,750,800,900,1000" },
    seconds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "20" },
    minutes: { type: "string", default: "9" },
    drachtio: { type: "string" },
    only: { type: "string" },
    "cpu-prof": { type: "string" },
  },
});
const seconds = Number(values.seconds);
const lastStepAtMs = performance.now() + Number(values.minutes) * 60_000;
// oxlint-disable-next-line no-process-env -- the switch that the conformance tests have, too
const binary = values.drachtio ?? process.env["DRACHTIO_BIN"];
const flags = values["cpu-prof"] === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values["cpu-prof"]}`];
const systems = [embedded(flags), ...(binary === undefined ? [] : [drachtioServer(binary)])];

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const contenders: Contender[] = [];
for (const system of systems.filter(({ name }) => values.only === undefined || values.only === name)) {
  contenders.push(await Contender.start(system));
}
const machine = `node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}`;
print(`${machine}, load ${loadavg()[0]?.toFixed(1)} at the start; processor time in seconds for 1,000 calls`);
for (const contender of contenders) {
  await contender.warmUp(WARM_UP_PER_SECOND, Number(values["warm-up"]));
}
// In turns, and each first in every other turn, so that other work on the machine falls on all of them.
for (const [turn, callsPerSecond] of values.ladder.split(",").map(Number).entries()) {
  const order = turn % 2 === 0 ? contenders : contenders.toReversed();
  for (const contender of order.filter(({ isDone }) => !isDone)) {
    if (performance.now() > lastStepAtMs) {
      print(`${contender.system.name}: no time left for ${callsPerSecond}/s`);
    } else {
      await contender.climb(callsPerSecond, seconds, (step) => print(tryLine(contender.system.name, step)));
    }
  }
}
for (const contender of contenders) {
  await contender.stop();
}
print(`load ${loadavg()[0]?.toFixed(1)} at the end\n\n${table(contenders)}\n\n${summary(contenders)}`);
