import { branchRules, compileBranchPlan, compileHubPlan, drawOf, normalizeNumber } from "@mss/dial-plan";
import type { BranchPlan, HubPlan } from "@mss/dial-plan";
import { branchIdSchema } from "@mss/model";
import type { BranchId, CallRecord, Snapshot } from "@mss/model";
import { TopologyError } from "../errors.ts";

/** A past call that would go elsewhere; both places as text, such as `london 4012` or `refused, nobody owns 7000`. */
export interface MovedCall {
  readonly id: string;
  readonly startedAt: string;
  readonly origin: string;
  readonly from: string;
  readonly to: string;
  readonly before: string;
  readonly after: string;
}

export interface Replay {
  /** Calls that were followed through both snapshots; one call has a record at every node, and counts once. */
  readonly calls: number;
  readonly moved: readonly MovedCall[];
}

/**
 * Where past calls would go by the candidate and by the snapshot before it, at their own time and with their own chance.
 * Records of calls that a hub brought to a branch are left out: their way began elsewhere.
 */
export function replayCalls(before: Snapshot, after: Snapshot, records: readonly CallRecord[]): Replay {
  const [old, next] = [new Router(before), new Router(after)];
  const calls = firstLegs(records);
  const moved = calls.flatMap((call): readonly MovedCall[] => {
    const [there, here] = [old.destination(call), next.destination(call)];
    const { id, startedAt, origin, from, to } = call.record;
    return there === here ? [] : [{ id, startedAt, origin, from, to, before: there, after: here }];
  });
  return { calls: calls.length, moved };
}

interface PastCall {
  readonly record: CallRecord;
  readonly branch: BranchId;
  /** The branch itself recorded it, and not the hub. */
  readonly atBranch: boolean;
}

/** The record nearest to the caller of each call. */
function firstLegs(records: readonly CallRecord[]): readonly PastCall[] {
  const bySession = new Map<string, PastCall>();
  for (const record of records) {
    const call = pastCall(record);
    const known = bySession.get(record.sessionId);
    if (call !== undefined && (known === undefined || (call.atBranch && !known.atBranch))) {
      bySession.set(record.sessionId, call);
    }
  }
  return [...bySession.values()];
}

function pastCall(record: CallRecord): PastCall | undefined {
  const [kind, name] = record.origin.split(":");
  const branch = branchIdSchema.safeParse(kind === "extension" ? record.node : name);
  const isFirst = kind === "extension" || kind === "branch";
  return isFirst && branch.success ? { record, branch: branch.data, atBranch: kind === "extension" } : undefined;
}

class Router {
  readonly #snapshot: Snapshot;
  readonly #hub: HubPlan<BranchId>;
  readonly #branches = new Map<BranchId, BranchPlan | undefined>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    const compiled = compileHubPlan<BranchId>(snapshot);
    if (compiled.kind !== "compiled") {
      throw new TopologyError("UNDECIDED_NUMBERS", { hash: snapshot.hash });
    }
    this.#hub = compiled.plan;
  }

  destination({ record, branch, atBranch }: PastCall): string {
    const dialled = normalizeNumber(record.to);
    const calling = normalizeNumber(record.from);
    const number = dialled.kind === "number" ? dialled.number : "";
    const atMs = Date.parse(record.startedAt);
    if (atBranch) {
      const decision = this.#branch(branch)?.decide({ number, cameFrom: "extension", atMs });
      if (decision === undefined) {
        return `refused, there is no branch ${branch}`;
      }
      if (decision.kind === "local") {
        return `${branch} ${decision.number}`;
      }
      if (decision.kind === "emergency") {
        return `emergency within ${branch}`;
      }
      if (decision.kind === "outside") {
        return `outside ${decision.number}`;
      }
      if (decision.kind === "blocked") {
        return `refused, blocked by ${decision.rule}`;
      }
    }
    const caller = calling.kind === "number" ? calling.number : undefined;
    const decision = this.#hub.decide({ number, caller, cameFrom: branch, atMs, draw: drawOf(record.sessionId) });
    switch (decision.kind) {
      case "route": {
        return decision.targets.map(({ branch: to, called }) => `${to} ${called}`).join(", then ");
      }
      case "blocked": {
        return `refused, blocked by ${decision.rule}`;
      }
      case "unknown": {
        return `refused, nobody owns ${number}`;
      }
      case "emergency": {
        return "refused, an emergency number of the branch";
      }
      case "backToOrigin": {
        return `refused, ${number} is of the branch itself`;
      }
    }
  }

  #branch(id: BranchId): BranchPlan | undefined {
    if (!this.#branches.has(id)) {
      const rules = branchRules(this.#snapshot, id);
      const compiled = rules && compileBranchPlan(rules);
      this.#branches.set(id, compiled?.kind === "compiled" ? compiled.plan : undefined);
    }
    return this.#branches.get(id);
  }
}

/** One line per call that would go elsewhere, and how many there are. Ends with a line break. */
export function formatReplay({ calls, moved }: Replay): string {
  const lines = moved.map(
    ({ startedAt, origin, from, to, before, after }) =>
      `${startedAt}  ${origin}  ${from} → ${to}: ${before} → ${after}\n`,
  );
  return `${lines.join("")}${moved.length} of ${calls} past calls would go elsewhere\n`;
}
