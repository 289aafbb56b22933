import { ALL, UNTOUCHED } from "../fault.ts";
import type { Fault } from "../fault.ts";
import { HUBS } from "../federation.ts";
import type { BranchName, ChaosFederation } from "../federation.ts";
import type { Impairment } from "../relay.ts";

const CUT = { cut: true } as const;

/** The lines between branches and hubs: cut in both directions or one, lossy, slow, out of order, with everything twice. */
export const LINE_FAULTS: readonly Fault[] = [
  {
    id: "CH-12",
    name: "calling branch cut off from both hubs",
    demands: { goodAfterHealMs: 2_000, refusedWithinMs: 6_500 },
    begin: (federation) => impair(federation, "hk", { up: CUT, down: CUT }),
    lastsMs: 8_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 8_000,
  },
  {
    id: "CH-12",
    name: "called branch cut off from both hubs",
    demands: { goodAfterHealMs: 4_000, refusedWithinMs: 6_500 },
    begin: (federation) => impair(federation, "london", { up: CUT, down: CUT }),
    lastsMs: 8_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 8_000,
  },
  {
    id: "CH-13",
    name: "called branch cut off from the first hub only",
    demands: { up: ALL, goodAfterMs: 2_000 },
    begin: (federation) => federation.impair("london", "hub-1", { up: CUT, down: CUT }),
    lastsMs: 8_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 4_000,
  },
  {
    id: "CH-13",
    name: "calling branch cut off from the first hub only",
    demands: { up: ALL, settingUp: 0.99, goodAfterMs: 2_000 },
    begin: (federation) => federation.impair("hk", "hub-1", { up: CUT, down: CUT }),
    lastsMs: 8_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 4_000,
  },
  {
    id: "CH-14",
    name: "nothing of the first hub reaches the calling branch",
    demands: { up: ALL, goodAfterMs: 2_000 },
    begin: (federation) => federation.impair("hk", "hub-1", { down: CUT }),
    lastsMs: 8_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 4_000,
  },
  {
    id: "CH-14",
    name: "nothing of the calling branch reaches the first hub",
    demands: { up: ALL, goodAfterMs: 2_000 },
    begin: (federation) => federation.impair("hk", "hub-1", { up: CUT }),
    lastsMs: 8_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 4_000,
  },
  whole("CH-15", "5 % loss between branches and hubs", { loss: 0.05 }, { up: 0.999, settingUp: 0.999, later: 0.999 }),
  whole("CH-15", "20 % loss", { loss: 0.2 }, { later: 0.99 }),
  whole("CH-16", "50 ± 50 ms, a tenth swapped", { jitterMs: 100, swapped: 0.1 }, UNTOUCHED),
  whole("CH-17", "everything twice", { copies: 2 }, UNTOUCHED),
  whole("CH-17", "everything five times", { copies: 5 }, UNTOUCHED),
];

function impair(
  federation: ChaosFederation,
  branch: BranchName,
  impairments: { readonly up?: Impairment; readonly down?: Impairment },
): void {
  for (const hub of HUBS) {
    federation.impair(branch, hub, impairments);
  }
}

/** All lines, in both directions. */
function whole(id: string, name: string, impairment: Impairment, demands: Fault["demands"]): Fault {
  return {
    id,
    name,
    demands,
    begin: (federation) => federation.impairAll(impairment),
    lastsMs: 12_000,
    end: (federation) => federation.impairAll({}),
    afterMs: 1_000,
  };
}
