// node --expose-gc measured.ts TARGET: an engine that tells what it holds. With a TARGET the minimal B2BUA is in its process.
import { createLog } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import { EMBEDDED } from "../support/addresses.ts";
import { answer } from "../support/ask.ts";
import { attachB2bua } from "./b2bua.ts";

const SECRET = "benchmark";
const GC_ROUNDS = 3; // what the first one finalizes goes with the second
const [target] = process.argv.slice(2);
const engine = createEngine({
  listen: [{ transport: "udp", ...EMBEDDED }],
  control: { host: "127.0.0.1", port: 0, secret: SECRET },
  trusted: ["127.0.0.0/8"], // one caller with the calls of thousands
  flood: { trustedSource: { perSecond: 1_000_000, burst: 1_000_000 } },
  log: createLog({ level: "warn" }),
});
await engine.start();

async function collectGarbage(): Promise<void> {
  for (let round = 0; round < GC_ROUNDS; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

answer({ port: engine.controlAddress.port }, async ([kind]) => {
  if (kind === "memory") {
    await collectGarbage();
  }
  const { transactions, dialogs, openRequests, proxies } = engine.stats();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const tables = { client: transactions.client, server: transactions.server, dialogs, openRequests, proxies };
  return { ...tables, heap: heapUsed + external, rss, cpuMs: (user + system) / 1000 };
});
if (target !== undefined) {
  attachB2bua(engine, SECRET, target);
}
process.once("SIGTERM", () => process.exit());
