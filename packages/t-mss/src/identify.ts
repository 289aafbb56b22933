import { nodeName } from "@mss/certificates";
import type { DigestGuard, IncomingRequest, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import { branchLabel, isSameHost, reject } from "@mss/call-control/node";
import { branchIdSchema } from "@mss/model";
import type { BranchId, HubSettings, HubTrunkSettings } from "@mss/model";
import { SparseWarnings } from "@mss/runtime";
import type { Logger } from "@mss/runtime";

/** A branch as this hub knows it from its settings. */
export interface Trunk {
  readonly branch: BranchId;
  readonly settings: HubTrunkSettings;
}

/** A call whose branch is proven by digest, and by its address where the settings give one. */
export interface IdentifiedCall {
  readonly invite: IncomingRequest;
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

/** What is not the branch's own about a request that has its password, and what to do. */
interface Doubt {
  readonly reason: string;
  readonly advice: string;
}

const DOUBTS = {
  address: {
    reason: "it comes from an address that is not the branch's",
    advice: "look who it is, or correct the address of the trunk",
  },
  otherName: {
    reason: "its certificate is that of somebody else",
    advice: "look who it is, or give the branch a certificate with its own name: mss cert",
  },
  noName: {
    reason: "it shows no certificate, which this trunk asks for",
    advice: "let the branch call over TLS, with a certificate of the federation: mss cert",
  },
} as const satisfies Record<string, Doubt>;

type Origin = Pick<IncomingRequest, "source" | "peerNames">;

function doubtOf({ branch, settings }: Trunk, { source, peerNames }: Origin, federation: string): Doubt | undefined {
  if (settings.address !== undefined && !isSameHost(settings.address, source.host)) {
    return DOUBTS.address;
  }
  if (peerNames.includes(nodeName(branch, federation))) {
    return undefined;
  }
  // A certificate that is shown must be the right one, whether it is asked for or not.
  return peerNames.length > 0 ? DOUBTS.otherName : settings.requireCertificate === true ? DOUBTS.noName : undefined;
}

/** Whether a request with the password of this branch is the branch's: by its address and by its certificate. */
export function isFromBranch(
  trunk: Trunk,
  request: Origin,
  { settings, log }: Pick<IdentifyOptions, "settings" | "log">,
): boolean {
  const doubt = doubtOf(trunk, request, settings.federation);
  if (doubt !== undefined) {
    const { source: peer, peerNames: names } = request;
    log.warn({ peer, branch: trunk.branch, names, ...doubt }, "request with a branch's password is refused");
  }
  return doubt === undefined;
}

/**
 * Which branch calls. Nobody else may: without valid credentials of a trunk the answer is 407; from a wrong address, or
 * with another certificate than the branch's, 403.
 */
export function identify({ settings, guard, log }: IdentifyOptions): Step<IncomingRequest, IdentifiedCall> {
  const warnings = new SparseWarnings({ log });
  return async (invite) => {
    const outcome = await guard.check(invite, (username) => findTrunk(settings, username)?.settings.secret);
    if (outcome.kind === "challenge") {
      if (outcome.failed) {
        const { source: peer } = invite;
        warnings.warn(peer.host, { peer, from: invite.from.user }, "call with wrong credentials");
      }
      return { kind: "reply", status: outcome.status, headers: outcome.headers };
    }
    const caller = outcome.kind === "authenticated" ? findTrunk(settings, outcome.username) : undefined;
    if (caller === undefined) {
      return reject("NOT_AUTHENTICATED");
    }
    if (!isFromBranch(caller, invite, { settings, log })) {
      return reject("NOT_AUTHENTICATED", branchLabel(caller.branch));
    }
    return next({ invite, caller });
  };
}
