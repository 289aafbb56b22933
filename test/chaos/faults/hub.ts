import { ALL, UNTOUCHED } from "../fault.ts";
import type { Fault } from "../fault.ts";
import { HUBS } from "../federation.ts";

/** A hub that dies, hangs, is told to stop; both of them. */
export const HUB_FAULTS: readonly Fault[] = [
  {
    id: "CH-06",
    name: "hub killed, calls up",
    demands: { up: ALL, settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.signal("hub-1", "SIGKILL"),
    lastsMs: 10_000,
    end: (federation) => federation.startNode("hub-1"),
    afterMs: 1_000,
    talkMs: 9_000,
  },
  {
    id: "CH-07",
    name: "hub killed, phones ring",
    demands: { up: ALL, settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.signal("hub-1", "SIGKILL"),
    lastsMs: 6_000,
    end: (federation) => federation.startNode("hub-1"),
    afterMs: 1_000,
    ringMs: 4_000,
  },
  {
    id: "CH-08",
    name: "hub killed under load",
    demands: { up: ALL, settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.signal("hub-1", "SIGKILL"),
    lastsMs: 8_000,
    end: (federation) => federation.startNode("hub-1"),
    afterMs: 4_000,
  },
  {
    id: "CH-09",
    name: "both hubs told to stop, one after the other",
    demands: UNTOUCHED,
    async begin(federation) {
      for (const hub of HUBS) {
        federation.signal(hub, "SIGTERM");
        await federation.gone(hub);
        await federation.startNode(hub);
        await federation.trunksUp();
      }
    },
    lastsMs: 0,
    afterMs: 4_000,
  },
  {
    id: "CH-10",
    name: "hub frozen for 5 s",
    demands: { up: ALL, settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.signal("hub-1", "SIGSTOP"),
    lastsMs: 5_000,
    end: (federation) => federation.signal("hub-1", "SIGCONT"),
    afterMs: 6_000,
  },
  {
    id: "CH-28",
    name: "both hubs frozen for 4 s",
    demands: { up: ALL, goodAfterHealMs: 3_000, refusedWithinMs: 6_500 },
    begin: (federation) => HUBS.forEach((hub) => federation.signal(hub, "SIGSTOP")),
    lastsMs: 4_000,
    end: (federation) => HUBS.forEach((hub) => federation.signal(hub, "SIGCONT")),
    afterMs: 8_000,
  },
  {
    id: "CH-29",
    name: "both hubs killed",
    demands: { up: ALL, refusedWithinMs: 6_500, goodAfterHealMs: 12_000 },
    begin: (federation) => HUBS.forEach((hub) => federation.signal(hub, "SIGKILL")),
    lastsMs: 8_000,
    end: async (federation) => {
      await Promise.all(HUBS.map((hub) => federation.startNode(hub)));
    },
    afterMs: 15_000,
  },
];
