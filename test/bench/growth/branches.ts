import { megabytes, print } from "../core/machine.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench } from "../core/options.ts";
import { untilCallable } from "../core/stopwatch.ts";
import { markdownTable } from "../core/table.ts";
import { hub } from "../systems/hub.ts";
import { costOf } from "./cost.ts";

const BRANCHES = [10, 200, 2_000];
const WARM_UP = { callsPerSecond: 100, seconds: 8 };
const COST = { callsPerSecond: 100, seconds: 5 };

/** A hub of a small and of a very large federation, the same calls through both. */
export const federationSize: Bench = {
  name: "size",
  about: "a hub of 10, 200 and 2,000 branches: its start, its memory, and what a call costs",
  async run(options) {
    const { quick, count, withRedis } = options;
    const rows: string[][] = [];
    for (const branches of BRANCHES.filter((each) => each <= (count ?? (quick ? 200 : Infinity)))) {
      const system = hub({ subnet: 4, withRedis, flags: profileFlags(options), branches });
      const startedAt = performance.now();
      const running = await system.start();
      const startedMs = performance.now() - startedAt;
      try {
        await untilCallable(system, running);
        const bytes = await running.processes.memoryBytes();
        await costOf(system, running, quick ? COST : WARM_UP);
        const { cpuMs, failed } = await costOf(system, running, COST);
        rows.push([
          String(branches),
          `${(startedMs / 1000).toFixed(1)} s`,
          megabytes(bytes),
          `${cpuMs.toFixed(2)} ms`,
          String(failed),
        ]);
        print(rows.at(-1)?.join("  ") ?? "");
      } finally {
        await running.processes.stop();
      }
    }
    const head = ["branches", "start of hub and Redis", "memory idle", "processor time of a call", "calls failed"];
    return { text: markdownTable(head, rows) };
  },
};
