import { parseArgs } from "node:util";
import { runModel } from "./calls.ts";

/*
 * node packages/sip-engine/fuzz/model/main.ts --runs 20000 --seed 1
 * node packages/sip-engine/fuzz/model/main.ts --seed 1 --path 17:3:1    # a counterexample again
 */

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "10000" },
    commands: { type: "string", default: "40" },
    path: { type: "string" },
  },
});

const started = performance.now();
await runModel({
  seed: Number(values.seed),
  runs: Number(values.runs),
  maxCommands: Number(values.commands),
  ...(values.path === undefined ? {} : { path: values.path }),
});
const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(`${values.runs} runs, seed ${values.seed}, ${seconds} s: nothing found\n`);
