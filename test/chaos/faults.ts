import type { BranchName, ChaosFederation, ChaosStore } from "./federation.ts";
import { HUBS } from "./federation.ts";

/** What must hold; a key that is absent is not demanded. Parts are of 1, times in milliseconds since the fault or its end. */
export interface Demands {
  /** Branches whose own calls must all succeed; both when absent. */
  readonly local?: readonly BranchName[];
  /** Calls between branches that were up when the fault began and ended as they should. */
  readonly up?: number;
  /** Calls between branches that were being set up. */
  readonly settingUp?: number;
  /** Calls between branches made later, of all. */
  readonly later?: number;
  /** After this all calls between branches succeed, counted from the fault. */
  readonly goodAfterMs?: number;
  /** The same, counted from the end of the fault. */
  readonly goodAfterHealMs?: number;
  /** A call that fails is refused within this. */
  readonly refusedWithinMs?: number;
  /** Branches whose records must be those of the answered calls that were brought to them by their phones; both when absent. */
  readonly records?: readonly BranchName[];
}

/** Says what was demanded beside the calls and is not so. */
export type Miss = (what: string) => void;

export interface Fault {
  /** Of the fault matrix. */
  readonly id: string;
  readonly name: string;
  readonly demands: Demands;
  /** Another store than a single Redis that asks for nothing. */
  redis?(): Promise<ChaosStore>;
  begin(federation: ChaosFederation, miss: Miss): Promise<void> | void;
  /** How long it lasts. */
  readonly lastsMs: number;
  end?(federation: ChaosFederation): Promise<void> | void;
  /** How long the load goes on afterwards. */
  readonly afterMs: number;
}

const ALL = 1;
const CUT = { cut: true } as const;

export const FAULTS: readonly Fault[] = [
  {
    id: "CH-00",
    name: "nothing",
    demands: { up: ALL, settingUp: ALL, later: ALL },
    begin() {},
    lastsMs: 5_000,
    afterMs: 0,
  },
  {
    id: "CH-01",
    name: "Redis killed",
    demands: { up: ALL, settingUp: ALL, later: ALL },
    begin: (federation) => federation.redis.kill(),
    lastsMs: 10_000,
    end: (federation) => federation.redis.restart(),
    afterMs: 3_000,
  },
  {
    id: "CH-02",
    name: "Redis frozen",
    demands: { up: ALL, settingUp: ALL, later: ALL },
    begin: (federation) => federation.redis.freeze(),
    lastsMs: 30_000,
    end: (federation) => federation.redis.thaw(),
    afterMs: 3_000,
  },
  {
    id: "CH-07 CH-08",
    name: "hub killed under load",
    demands: { settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.signal("hub-1", "SIGKILL"),
    lastsMs: 8_000,
    end: (federation) => federation.startNode("hub-1"),
    afterMs: 4_000,
  },
  {
    id: "CH-09",
    name: "hub told to stop (SIGTERM)",
    demands: { up: ALL, settingUp: ALL, later: ALL },
    begin: (federation) => federation.signal("hub-1", "SIGTERM"),
    lastsMs: 8_000,
    end: async (federation) => {
      await federation.gone("hub-1");
      await federation.startNode("hub-1");
    },
    afterMs: 4_000,
  },
  {
    id: "CH-10",
    name: "hub frozen for 5 s",
    demands: { settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.signal("hub-1", "SIGSTOP"),
    lastsMs: 5_000,
    end: (federation) => federation.signal("hub-1", "SIGCONT"),
    afterMs: 8_000,
  },
  {
    id: "CH-11",
    name: "called branch killed, started again after 3 s",
    demands: { local: ["hk"], goodAfterHealMs: 3_000, refusedWithinMs: 2_500, records: ["hk"] },
    begin: (federation) => federation.signal("london", "SIGKILL"),
    lastsMs: 3_000,
    end: (federation) => federation.startNode("london"),
    afterMs: 8_000,
  },
  {
    id: "CH-12",
    name: "calling branch cut off from both hubs",
    demands: { goodAfterHealMs: 2_000, refusedWithinMs: 2_500 },
    begin: (federation) => cut(federation, "hk"),
    lastsMs: 10_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 8_000,
  },
  {
    id: "CH-13",
    name: "called branch cut off from the first hub only",
    demands: { goodAfterMs: 2_000 },
    begin: (federation) => federation.impair("london", "hub-1", { up: CUT, down: CUT }),
    lastsMs: 10_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 4_000,
  },
  {
    id: "CH-14",
    name: "nothing of the first hub reaches the calling branch",
    demands: { goodAfterMs: 2_000 },
    begin: (federation) => federation.impair("hk", "hub-1", { down: CUT }),
    lastsMs: 10_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 4_000,
  },
  {
    id: "CH-15",
    name: "5 % loss between branches and hubs",
    demands: { up: 0.999, settingUp: 0.999, later: 0.999 },
    begin: (federation) => federation.impairAll({ loss: 0.05 }),
    lastsMs: 30_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 2_000,
  },
  {
    id: "CH-15",
    name: "20 % loss",
    demands: { later: 0.99 },
    begin: (federation) => federation.impairAll({ loss: 0.2 }),
    lastsMs: 30_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 2_000,
  },
  {
    id: "CH-16",
    name: "50 ± 50 ms, a tenth swapped",
    demands: { up: ALL, settingUp: ALL, later: ALL },
    begin: (federation) => federation.impairAll({ jitterMs: 100, swapped: 0.1 }),
    lastsMs: 15_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 2_000,
  },
  {
    id: "CH-17",
    name: "everything twice",
    demands: { up: ALL, settingUp: ALL, later: ALL },
    begin: (federation) => federation.impairAll({ copies: 2 }),
    lastsMs: 15_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 2_000,
  },
  {
    id: "CH-29",
    name: "both hubs killed",
    demands: { refusedWithinMs: 2_500, goodAfterHealMs: 12_000 },
    begin: (federation) => HUBS.forEach((hub) => federation.signal(hub, "SIGKILL")),
    lastsMs: 8_000,
    end: async (federation) => {
      await Promise.all(HUBS.map((hub) => federation.startNode(hub)));
    },
    afterMs: 15_000,
  },
];

function cut(federation: ChaosFederation, branch: BranchName): void {
  for (const hub of HUBS) {
    federation.impair(branch, hub, { up: CUT, down: CUT });
  }
}
