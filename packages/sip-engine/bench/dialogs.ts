// What an established call costs in memory: calls that stand, with the application beside the engine or in it. README.md says how.
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { CALLEE } from "./support/addresses.ts";
import { Helper } from "./support/ask.ts";
import { kilobytes, print, printMachine } from "./support/machine.ts";

const IDLE_MS = 40_000; // the transactions of the calls are gone, the dialogs stand
const WARM_UP_CALLS = 1_000;
const TARGET = `sip:callee@${CALLEE.host}:${CALLEE.port}`;

const { values } = parseArgs({
  options: { calls: { type: "string", default: "5000" }, "at-once": { type: "string", default: "50" } },
});
const calls = Number(values.calls);

/** Each bridged call has two dialogs. */
async function measure(title: string, isInside: boolean): Promise<void> {
  const { helper: engine, ready } = await Helper.start("measured.ts", isInside ? [TARGET] : []);
  const application = isInside
    ? undefined
    : (await Helper.start("application.ts", ["127.0.0.1", String(ready["port"] ?? 0), "benchmark", TARGET])).helper;
  const { helper: load } = await Helper.start("load.ts", []);
  await load.ask(`calls ${WARM_UP_CALLS} ${values["at-once"]}`);
  await sleep(IDLE_MS);
  const before = await engine.ask("memory");
  const { failed = 0 } = await load.ask(`stand ${calls} ${values["at-once"]}`);
  await sleep(IDLE_MS);
  const after = await engine.ask("memory");
  const dialogs = (after["dialogs"] ?? 0) - (before["dialogs"] ?? 0);
  const each = (name: string): string => kilobytes(((after[name] ?? 0) - (before[name] ?? 0)) / dialogs);
  print(`${title.padEnd(26)} ${dialogs} dialogs (${failed} failed): heap ${each("heap")}, rss ${each("rss")} a dialog`);
  await load.stop();
  await application?.stop();
  await engine.stop();
}

printMachine();
await measure("engine alone", false);
await measure("engine and application", true);
