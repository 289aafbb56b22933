import type { BranchId, PartTexts, RevisionHeader, SealedRevision, SharedText, Snapshot } from "@mss/model";
import { sharedText } from "@mss/model";
import { hasCode } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { outlineOf } from "./compile/prepare-plan.ts";
import { HubError } from "./errors.ts";
import { compileRoutingPlan } from "./routing-plan.ts";
import type { RoutingPlan } from "./routing-plan.ts";

/** Where the plan in force came from. */
export type PlanSource = "file" | "copy" | "store";

interface InForce {
  readonly source: PlanSource;
  readonly plan: RoutingPlan;
  /** The snapshot without numbers, which are in the plan. */
  readonly outline: Snapshot;
  /** Absent for the plan of the hub's own file. */
  readonly sealed?: SealedRevision;
}

/** What keeps a hub from routing by what the store has. */
export interface RefusedPlan {
  readonly revision: number;
  readonly reason: string;
}

export interface PlanInForceOptions {
  /** The snapshot of the hub's own file. */
  readonly snapshot?: Snapshot;
  readonly log: Logger;
  readonly onPlan?: (plan: RoutingPlan) => void;
}

/** The plan that a hub routes by, what it is made of, and what was left out since. */
export class PlanInForce {
  readonly #options: PlanInForceOptions;
  #inForce: InForce | undefined;
  #refused: RefusedPlan | undefined;

  constructor(options: PlanInForceOptions) {
    this.#options = options;
  }

  get plan(): RoutingPlan | undefined {
    return this.#inForce?.plan;
  }

  get source(): PlanSource | undefined {
    return this.#inForce?.source;
  }

  /** The revision; undefined while the plan is that of the hub's own file. */
  get sealed(): SealedRevision | undefined {
    return this.#inForce?.sealed;
  }

  get refused(): RefusedPlan | undefined {
    return this.#refused;
  }

  /** Branches whose trunk leads to that hub. */
  branchesAt(hub: string): readonly BranchId[] {
    const branches = this.#inForce?.outline.branches ?? [];
    return branches.filter(({ hubs }) => hubs === undefined || hubs.some((id) => id === hub)).map(({ id }) => id);
  }

  /** What the branches get of the revision; undefined while the plan is that of the hub's own file. */
  get parts(): { readonly revision: number; readonly parts: Readonly<Record<string, PartTexts>> } | undefined {
    const { sealed } = this;
    return sealed && { revision: sealed.header.revision, parts: sealed.texts.parts ?? {} };
  }

  /** The text of the snapshot, with its revision. */
  get snapshotText(): { readonly text: SharedText; readonly hash: string; readonly revision: number } | undefined {
    if (this.#inForce === undefined) {
      return undefined;
    }
    const { sealed, plan } = this.#inForce;
    const text = sealed?.texts.snapshot ?? sharedText(JSON.stringify(this.#options.snapshot));
    return { text, hash: plan.hash, revision: plan.revision };
  }

  put(next: InForce): void {
    this.#inForce = next;
    this.#refused = undefined;
    const { plan, source, sealed } = next;
    const { log, onPlan } = this.#options;
    const { revision, hash } = plan;
    log.info({ revision, hash, source, ...authorOf(sealed?.header) }, "dial plan in force");
    onPlan?.(plan);
  }

  /** Compiles in place: before the hub takes calls. */
  putHere(next: {
    readonly revision: number;
    readonly snapshot: Snapshot;
    readonly source: PlanSource;
    readonly sealed?: SealedRevision;
  }): void {
    const { revision, snapshot, ...origin } = next;
    let plan: RoutingPlan;
    try {
      plan = compileRoutingPlan(next);
    } catch (error) {
      if (!hasCode(error, "PLAN_REFUSED")) {
        throw error;
      }
      this.refuse(revision, "it makes no dial plan", error);
      return;
    }
    this.put({ plan, outline: outlineOf(snapshot), ...origin });
  }

  refuse(revision: number, reason: string, cause?: unknown): void {
    const refused = new HubError("PLAN_REFUSED", { revision, reason }, { cause });
    this.#refused = { revision, reason };
    this.#options.log.error({ err: refused, code: refused.code, revision }, "topology is left out");
  }

  /** What the store has is what is in force. */
  agree(): void {
    this.#refused = undefined;
  }
}

function authorOf(header: RevisionHeader | undefined): { author?: string } {
  return header === undefined ? {} : { author: header.author };
}
