import { print } from "../core/machine.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench } from "../core/options.ts";
import { percentile } from "../core/percentile.ts";
import { pairOf } from "../core/places.ts";
import { placeCalls } from "../core/sipp-load.ts";
import { measureSetUp, untilCallable } from "../core/stopwatch.ts";
import type { RunningSystem, System } from "../core/system.ts";
import { markdownTable } from "../core/table.ts";
import { BRANCH, BRANCH_ID, FIRST_PHONE, PHONE_PASSWORD, branch } from "../systems/branch.ts";
import { Fleet } from "./fleet.ts";

const PHONES = 10_000;
const SPREAD_MS = 1_000;
const WATCHED_SECONDS = 15;
const CALLS_PER_SECOND = 10;
const TIMED_PER_SECOND = 10;
const NETWORK = 42;

/** Local calls for so long, by SIPp, which sends again what is lost, and by the caller with the better clock. */
async function localCalls(system: System, running: RunningSystem, seconds: number): Promise<readonly string[]> {
  const [load, times] = await Promise.all([
    placeCalls({
      server: BRANCH,
      pairs: [pairOf(system.subnet, 1)],
      callsPerSecond: CALLS_PER_SECOND,
      seconds,
      holdMs: 500,
      headersFor: (pair, calls) => running.headersFor(pair, calls),
    }),
    measureSetUp(system, running, { perSecond: TIMED_PER_SECOND, seconds }),
  ]);
  return [
    `${load.failed} of ${load.calls}`,
    String(load.retransmissions),
    ...[0.5, 0.99].map((share) => `${percentile(times.through, share).toFixed(1)} ms`),
  ];
}

/** Every phone of an office comes back at once, while others call. */
export const powerCut: Bench = {
  name: "power-cut",
  about: "10,000 phones that register at once after a power cut, and local calls meanwhile",
  async run(options) {
    const { quick, count: phones = quick ? 1_000 : PHONES } = options;
    const system = branch(profileFlags(options));
    const running = await system.start();
    const place = {
      server: BRANCH,
      realm: BRANCH_ID,
      password: PHONE_PASSWORD,
      firstNumber: FIRST_PHONE,
      network: NETWORK,
    };
    const fleet = await Fleet.open({ ...place, phones });
    const seconds = quick ? 4 : WATCHED_SECONDS;
    try {
      await untilCallable(system, running);
      const rows = [["nobody registers", "", "", "", "", ...(await localCalls(system, running, seconds))]];
      for (const name of ["nobody is known yet", "after a power cut: all are known"]) {
        const storm = fleet.tell({ kind: "allAtOnce", spreadMs: SPREAD_MS });
        const calls = await localCalls(system, running, seconds);
        const { done, seconds: took, repeated, refused } = await storm;
        rows.push([name, String(done), `${took.toFixed(1)} s`, String(repeated), String(refused), ...calls]);
        print(rows.at(-1)?.join("  ") ?? "");
      }
      const head = [
        "",
        "registered",
        "all within",
        "sent again",
        "answered 503",
        "local calls failed",
        "sent again in calls",
        "set-up p50",
        "p99",
      ];
      return { text: markdownTable(head, rows) };
    } finally {
      await fleet.stop();
      await running.processes.stop();
    }
  },
};
