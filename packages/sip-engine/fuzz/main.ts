import { parseArgs } from "node:util";
import type { FuzzReport } from "./fuzz.ts";
import { fuzz, mutantOf } from "./fuzz.ts";

/*
 * node packages/sip-engine/fuzz/main.ts --mutants 10000000 --seed 1
 * node packages/sip-engine/fuzz/main.ts --seed 1 --show 4711
 */

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    mutants: { type: "string", default: "1000000" },
    "limit-ms": { type: "string", default: "2" },
    show: { type: "string" },
  },
});

function describe({ mutants, outcomes, slowestMs }: FuzzReport): string {
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  return `${mutants} mutants: ${counts.join(", ")}; slowest ${slowestMs.toFixed(2)} ms\n`;
}

if (values.show === undefined) {
  const started = performance.now();
  const report = fuzz({
    seed: Number(values.seed),
    from: Number(values.from),
    mutants: Number(values.mutants),
    limitMs: Number(values["limit-ms"]),
    onProgress: (progress) => void process.stderr.write(describe(progress)),
  });
  for (const { mutant, oracle, details, text } of report.findings) {
    process.stdout.write(`mutant ${mutant} (--show ${mutant}): ${oracle}\n  ${details}\n  ${JSON.stringify(text)}\n`);
  }
  process.stdout.write(describe(report));
  process.stdout.write(`seed ${values.seed}, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  process.exitCode = report.findings.length === 0 ? 0 : 1;
} else {
  process.stdout.write(`${JSON.stringify(mutantOf(Number(values.seed), Number(values.show)).text)}\n`);
}
