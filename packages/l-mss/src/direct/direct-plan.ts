import type { ActiveCall, IncomingRequest, Reply } from "@mss/call-control";
import { branchCall, branchLabel, reject } from "@mss/call-control/node";
import { nodeName } from "@mss/certificates";
import { compileHubPlan, formatRuleConflict, formatRuleName } from "@mss/dial-plan";
import type { HubPlan } from "@mss/dial-plan";
import type { BranchId, BranchSettings, DirectPeerSettings, DirectSettings } from "@mss/model";
import type { Caller } from "../caller.ts";
import { BranchError } from "../errors.ts";

type Settings = Pick<BranchSettings, "id" | "federation"> & { readonly direct: DirectSettings };

/** A call of this branch that no hub takes. */
export interface DirectQuestion {
  /** As it was dialled. */
  readonly number: string;
  readonly caller: string;
  readonly atMs: number;
  readonly draw: number;
}

export type DirectArrival =
  | { readonly kind: "caller"; readonly caller: Extract<Caller, { kind: "branch" }> }
  | (Reply & { readonly origin?: string });

/** The rules of the federation at a branch: which other branch a call is for, and what another one may call here. */
export class DirectPlan {
  readonly #settings: Settings;
  readonly #plan: HubPlan<BranchId>;

  constructor(settings: Settings, plan: HubPlan<BranchId>) {
    this.#settings = settings;
    this.#plan = plan;
  }

  /** Undefined for a branch that calls nobody straight. Throws `NUMBERS_REFUSED`, with the reason. */
  static compile({ id, federation, direct }: BranchSettings): DirectPlan | undefined {
    if (direct === undefined) {
      return undefined;
    }
    const compiled = compileHubPlan<BranchId>(direct.rules);
    switch (compiled.kind) {
      case "invalid": {
        const { rule, text, reason } = compiled;
        throw new BranchError("NUMBERS_REFUSED", { rule: formatRuleName(rule), text, reason });
      }
      case "conflicting": {
        throw new BranchError("NUMBERS_REFUSED", { conflicts: compiled.conflicts.map(formatRuleConflict) });
      }
      case "compiled": {
        return new DirectPlan({ id, federation, direct }, compiled.plan);
      }
    }
  }

  /** The branches that may take the call and can be reached straight, in the order in which they are to be tried. */
  waysTo({ number, caller, atMs, draw }: DirectQuestion): readonly DirectPeerSettings[] {
    const { id: cameFrom, direct } = this.#settings;
    const route = this.#plan.decide({ number, caller, cameFrom, atMs, draw });
    const branches = new Set(route.kind === "route" ? route.targets.map(({ branch }) => branch) : []);
    return [...branches].flatMap((branch) => direct.peers.find(({ id }) => id === branch) ?? []);
  }

  /**
   * Who calls, when it is another branch by its certificate; undefined when it is none. It may call what a hub would let it
   * call here, and is shown as a hub would show it.
   */
  arrival(invite: IncomingRequest, activeCalls: () => readonly ActiveCall[]): DirectArrival | undefined {
    const { id: own, federation, direct } = this.#settings;
    const peer = direct.peers.find(({ id }) => invite.peerNames.includes(nodeName(id, federation)));
    if (peer === undefined) {
      return undefined;
    }
    const { id: branch } = peer;
    const origin = branchLabel(branch);
    const call = branchCall(invite, branch, { plan: this.#plan, activeCalls, atMs: Date.now() });
    if (call.ownerOfCalling !== branch || call.route.kind === "blocked" || call.route.kind === "emergency") {
      return reject("NOT_PERMITTED", origin);
    }
    const target = call.route.kind === "route" ? call.route.targets.find((each) => each.branch === own) : undefined;
    if (target === undefined) {
      return reject("UNKNOWN_NUMBER", origin);
    }
    const { called, caller: shown } = target;
    const isShownAnew = shown !== undefined && shown !== call.from;
    return { kind: "caller", caller: { kind: "branch", branch, called, ...(isShownAnew && { shown }) } };
  }
}
