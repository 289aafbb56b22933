import type { Fault } from "../fault.ts";

/** The L-MSS itself dies. Its phones know their calls, it does not: what was up goes on by media, and is ended by the far branch's timers. */
export const BRANCH_FAULTS: readonly Fault[] = [
  {
    id: "CH-11",
    name: "called branch killed, started again after 3 s",
    demands: {
      local: ["hk"],
      goodAfterHealMs: 3_000,
      refusedWithinMs: 6_500,
      records: ["hk"],
      ghosts: Infinity,
      leftOver: Infinity,
    },
    begin: (federation) => federation.signal("london", "SIGKILL"),
    lastsMs: 3_000,
    end: (federation) => federation.startNode("london"),
    afterMs: 6_000,
  },
  {
    id: "CH-11",
    name: "calling branch killed, started again after 3 s",
    demands: { local: ["london"], goodAfterHealMs: 3_000, records: ["london"], ghosts: Infinity, leftOver: Infinity },
    begin: (federation) => federation.signal("hk", "SIGKILL"),
    lastsMs: 3_000,
    end: (federation) => federation.startNode("hk"),
    afterMs: 6_000,
  },
];
