import { UNTOUCHED } from "../fault.ts";
import type { Fault } from "../fault.ts";

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** What a node stands on: its clock and its disk; and errors of its own. */
export const SURROUNDINGS_FAULTS: readonly Fault[] = [
  ...(
    [
      ["an hour forward", HOUR_MS],
      ["an hour back", -HOUR_MS],
      ["ten years forward", 10 * YEAR_MS],
    ] as const
  ).map(([name, offsetMs]): Fault => ({
    id: "CH-18",
    name: `clocks of all nodes jump ${name}`,
    demands: UNTOUCHED,
    begin: (federation) => federation.command({ clockOffsetMs: offsetMs }),
    lastsMs: 5_000,
    end: (federation) => federation.command({ clockOffsetMs: 0 }),
    afterMs: 3_000,
    needs: { agent: true },
  })),
  {
    id: "CH-19",
    name: "disk of the calling branch full",
    demands: UNTOUCHED,
    begin: (federation) => federation.fillDisk("hk"),
    lastsMs: 8_000,
    end: (federation) => federation.freeDisk("hk"),
    afterMs: 3_000,
    needs: { smallDisk: ["hk"] },
  },
  {
    id: "CH-30",
    name: "an error in the routing of every tenth call at the first hub",
    demands: UNTOUCHED,
    begin: (federation) => federation.command({ throwsAt: "hub-1", throwsEvery: 10 }),
    lastsMs: 6_000,
    end: (federation) => federation.command({}),
    afterMs: 1_000,
    needs: { agent: true },
  },
];
