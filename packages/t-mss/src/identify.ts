import type { DigestGuard, IncomingInvite, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import { isSameHost, reject } from "@mss/call-control/node";
import { branchIdSchema } from "@mss/model";
import type { BranchId, HubSettings, HubTrunkSettings, TransportAddress } from "@mss/model";
import type { Logger } from "@mss/runtime";

/** A branch as this hub knows it from its settings. */
export interface Trunk {
  readonly branch: BranchId;
  readonly settings: HubTrunkSettings;
}

/** A call whose branch is proven by digest, and by its address where the settings give one. */
export interface IdentifiedCall {
  readonly invite: IncomingInvite;
  readonly caller: Trunk;
}

export interface IdentifyOptions {
  readonly settings: HubSettings;
  /** Challenges with 407. */
  readonly guard: DigestGuard;
  readonly log: Logger;
}

/** The trunk of a branch; undefined when it does not come to this hub. */
export function findTrunk(settings: HubSettings, branch: string): Trunk | undefined {
  const id = branchIdSchema.safeParse(branch);
  const trunk = id.success ? settings.trunks.get(id.data) : undefined;
  return id.success && trunk !== undefined ? { branch: id.data, settings: trunk } : undefined;
}

/** Whether a request of this branch may come from there. */
export function isFromBranch({ settings }: Trunk, source: TransportAddress): boolean {
  return settings.address === undefined || isSameHost(settings.address, source.host);
}

/** The branch in log lines and call records: `branch:hk`. */
export function branchLabel(branch: BranchId): string {
  return `branch:${branch}`;
}

/** Which branch calls. Nobody else may: without valid credentials of a trunk the answer is 407, from a wrong address 403. */
export function identify({ settings, guard, log }: IdentifyOptions): Step<IncomingInvite, IdentifiedCall> {
  return async (invite) => {
    const outcome = await guard.check(invite, (username) => findTrunk(settings, username)?.settings.secret);
    if (outcome.kind === "challenge") {
      if (outcome.failed) {
        log.warn({ peer: invite.source, from: invite.from.user }, "call with wrong credentials");
      }
      return { kind: "reply", status: outcome.status, headers: outcome.headers };
    }
    const caller = outcome.kind === "authenticated" ? findTrunk(settings, outcome.username) : undefined;
    if (caller === undefined) {
      return reject("NOT_AUTHENTICATED");
    }
    if (!isFromBranch(caller, invite.source)) {
      log.warn({ peer: invite.source, branch: caller.branch }, "call from an address that is not the branch's");
      return reject("NOT_AUTHENTICATED", branchLabel(caller.branch));
    }
    return next({ invite, caller });
  };
}
