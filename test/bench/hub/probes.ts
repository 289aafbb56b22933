import { print } from "../core/machine.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench } from "../core/options.ts";
import { addressOf } from "../core/places.ts";
import { untilCallable } from "../core/stopwatch.ts";
import { markdownTable } from "../core/table.ts";
import { costOf } from "../growth/cost.ts";
import { Fleet } from "../phones/fleet.ts";
import { FEW_BRANCHES, IDLE_NETWORK, hub } from "../systems/hub.ts";

const BRANCHES = 1_000;
const INTERVAL_MS = 1_000; // as every branch does
const CALLS = { callsPerSecond: 50, seconds: 10 };
const SUBNET = 4;

/** Every branch asks the hub each second whether it takes calls; the application answers, not the engine. */
export const probes: Bench = {
  name: "probes",
  about: "1,000 branches that probe a hub with OPTIONS each second, and calls meanwhile",
  async run(options) {
    const { quick, withRedis, count: branches = quick ? 200 : BRANCHES } = options;
    const load = { ...CALLS, seconds: quick ? 3 : CALLS.seconds };
    const system = hub({ subnet: SUBNET, withRedis, flags: profileFlags(options), branches: FEW_BRANCHES + branches });
    const running = await system.start();
    const place = { server: addressOf(SUBNET, 1), realm: "", password: "", firstNumber: 1, network: IDLE_NETWORK };
    const fleet = await Fleet.open({ ...place, phones: branches });
    try {
      await untilCallable(system, running);
      await costOf(system, running, load);
      const alone = await costOf(system, running, load);
      const cpuBefore = await running.processes.cpuMs();
      const probing = fleet.tell({ kind: "probe", seconds: load.seconds, intervalMs: INTERVAL_MS });
      const beside = await costOf(system, running, load);
      const { done, failed, repeated, seconds, p50, p99 } = await probing;
      const cpuMs = (await running.processes.cpuMs()) - cpuBefore;
      const probeMs = (cpuMs - alone.cpuMs * load.callsPerSecond * load.seconds) / Math.max(1, done);
      const head = ["figure", "result"];
      const rows = [
        ["OPTIONS a second", (done / seconds).toFixed(0)],
        ["not answered 200", String(failed)],
        ["sent again", String(repeated)],
        ["answer, p50", `${(p50 ?? Number.NaN).toFixed(1)} ms`],
        ["answer, p99", `${(p99 ?? Number.NaN).toFixed(1)} ms`],
        ["processor time of one", `${probeMs.toFixed(3)} ms`],
        ["calls that failed meanwhile", `${beside.failed} of ${load.callsPerSecond * load.seconds}`],
      ];
      print(rows.map((row) => row.join(": ")).join("\n"));
      return { text: `${branches} branches, each once a second.\n\n${markdownTable(head, rows)}` };
    } finally {
      await fleet.stop();
      await running.processes.stop();
    }
  },
};
