// What a transaction costs the engine, the application in a process beside it. README.md says how.
import { parseArgs } from "node:util";
import { Helper } from "./support/ask.ts";
import { print, printMachine } from "./support/machine.ts";

const WARM_UP = 3_000;
const { values } = parseArgs({
  options: { count: { type: "string", default: "20000" }, "at-once": { type: "string", default: "50" } },
});
const count = Number(values.count);

printMachine();
const { helper: engine, ready } = await Helper.start("measured.ts", []);
const { helper: application } = await Helper.start("answers.ts", [String(ready["port"] ?? 0), "benchmark"]);
const { helper: load } = await Helper.start("load.ts", []);
for (const method of ["OPTIONS", "INVITE"]) {
  await load.ask(`requests ${WARM_UP} ${values["at-once"]} ${method}`);
  const before = await engine.ask("now");
  const { seconds = 0, failed = 0, repeated = 0 } = await load.ask(`requests ${count} ${values["at-once"]} ${method}`);
  const after = await engine.ask("now");
  const cpuMs = ((after["cpuMs"] ?? 0) - (before["cpuMs"] ?? 0)) / count;
  const rates = `${(count / seconds).toFixed(0)} a second seen, ${(1000 / cpuMs).toFixed(0)} a second for one core`;
  print(
    `${method.padEnd(8)} ${(cpuMs * 1000).toFixed(0)} µs of the engine each; ${rates}; ${failed} failed, ${repeated} sent again`,
  );
}
await load.stop();
await application.stop();
await engine.stop();
