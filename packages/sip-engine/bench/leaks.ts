// Whether calls leave something behind: calls, then silence until every timer has run, then what is left. README.md says how.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { CALLEE } from "./support/addresses.ts";
import { Helper } from "./support/ask.ts";
import type { Numbers } from "./support/ask.ts";
import { megabytes, print, printMachine } from "./support/machine.ts";

const IDLE_MS = 70_000; // 64*T1 twice, and some
const WARM_UP_CALLS = 2_000; // so that the baseline has its code compiled and its buffers
const TABLES = ["client", "server", "dialogs", "openRequests", "proxies"] as const;

const { values } = parseArgs({
  options: { calls: { type: "string", default: "100000" }, "at-once": { type: "string", default: "100" } },
});

function line(title: string, numbers: Numbers): string {
  const tables = TABLES.map((name) => `${name} ${numbers[name] ?? 0}`).join(", ");
  return `${title.padEnd(28)} heap ${megabytes(numbers["heap"] ?? 0)}, rss ${megabytes(numbers["rss"] ?? 0)}; ${tables}`;
}

printMachine();
const { helper: engine } = await Helper.start("measured.ts", [`sip:callee@${CALLEE.host}:${CALLEE.port}`]);
const { helper: load } = await Helper.start("load.ts", []);
await load.ask(`calls ${WARM_UP_CALLS} ${values["at-once"]}`);
await sleep(IDLE_MS);
const before = await engine.ask("memory");
print(line(`after ${WARM_UP_CALLS} calls and silence`, before));
const result = await load.ask(`calls ${values.calls} ${values["at-once"]}`);
const seconds = result["seconds"] ?? 0;
print(
  `${values.calls} calls in ${seconds.toFixed(0)} s, ${result["failed"] ?? 0} failed, ${result["repeated"] ?? 0} sent again`,
);
print(line("at their end", await engine.ask("now")));
await sleep(IDLE_MS);
const after = await engine.ask("memory");
print(line("after silence", after));
await load.stop();
await engine.stop();
const grown = (after["heap"] ?? 0) - (before["heap"] ?? 0);
const left = TABLES.filter((name) => (after[name] ?? 0) > 0);
print(
  `left in tables: ${left.join(", ") || "nothing"}; heap ${(grown / Number(values.calls)).toFixed(1)} bytes a call more than before`,
);
process.exitCode = left.length === 0 ? 0 : 1;
