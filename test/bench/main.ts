// `npm run bench -- [NAME…] [options]`: measures, prints, and writes the result into README.md. README.md says what is measured how.
import path from "node:path";
import { inspect, parseArgs } from "node:util";
import { branches, calls } from "./calls/calls.ts";
import { workers } from "./calls/workers.ts";
import { load, machine, print } from "./core/machine.ts";
import { federationSize } from "./growth/branches.ts";
import { established } from "./growth/established.ts";
import type { Bench, BenchOptions } from "./core/options.ts";
import { lookUps } from "./hub/look-ups.ts";
import { probes } from "./hub/probes.ts";
import { powerCut } from "./phones/power-cut.ts";
import { register } from "./phones/register.ts";
import { writeBlock, writePlot } from "./core/readme.ts";

const BENCHES: readonly Bench[] = [
  calls,
  workers,
  branches,
  register,
  powerCut,
  established,
  federationSize,
  probes,
  lookUps,
];
const USAGE = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    rates: { type: "string" },
    seconds: { type: "string" },
    count: { type: "string" },
    quick: { type: "boolean", default: false },
    "cpu-prof": { type: "string" },
    drachtio: { type: "string" },
    store: { type: "string", default: "redis" },
    dry: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function usage(): string {
  const list = BENCHES.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n");
  return `npm run bench -- [NAME…] [--only A,B] [--rates 200,400] [--seconds N] [--count N] [--quick] [--dry]
                 [--store redis|memory] [--drachtio BINARY] [--cpu-prof FOLDER]\n${list}\n`;
}

function options(): BenchOptions {
  const drachtio = values.drachtio ?? process.env["DRACHTIO_BIN"];
  return {
    quick: values.quick,
    withRedis: values.store === "redis",
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    ...(values.only !== undefined && { only: values.only.split(",") }),
    ...(values.rates !== undefined && { rates: values.rates.split(",").map(Number) }),
    ...(values.seconds !== undefined && { seconds: Number(values.seconds) }),
    ...(values.count !== undefined && { count: Number(values.count) }),
    ...(values["cpu-prof"] !== undefined && { profiles: path.resolve(values["cpu-prof"]) }),
    ...(drachtio !== undefined && drachtio !== "" && { drachtio }),
  };
}

/** The figures with what belongs to them: command, day, machine. */
async function runOne(bench: Bench, chosen: BenchOptions): Promise<void> {
  print(`${bench.name}: ${bench.about}\n${machine()}, load ${load()}`);
  const loadBefore = load();
  const startedAt = performance.now();
  const { text, plots = {} } = await bench.run(chosen);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  if (chosen.quick || values.dry) {
    return;
  }
  const day = new Date().toISOString().slice(0, 10);
  const where = `\`${chosen.command}\`, ${day}, ${machine()}, load average ${loadBefore} before, ${minutes} minutes.`;
  await writeBlock(bench.name, `${where}\n\n${text}`);
  for (const [name, svg] of Object.entries(plots)) {
    await writePlot(name, svg);
  }
}

const unknown = positionals.filter((name) => BENCHES.every((bench) => bench.name !== name));
if (values.help || unknown.length > 0) {
  print(unknown.length > 0 ? `there is no benchmark ${unknown.join(", ")}\n${usage()}` : usage());
  process.exitCode = values.help ? 0 : USAGE;
} else {
  const chosen = options();
  for (const bench of BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    try {
      await runOne(bench, chosen);
    } catch (error) {
      // the others are still worth their time
      process.stderr.write(`${bench.name} failed: ${inspect(error)}\n`); // with its cause
      process.exitCode = 1;
    }
  }
  process.exit(); // ends what a benchmark that failed has left, too
}
