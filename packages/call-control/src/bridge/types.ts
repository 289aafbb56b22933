import type { ClientCredentials } from "../auth/credentials.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { CallErrorCode } from "../errors.ts";
import type { PathProof } from "./path.ts";
import type { TriedRoute } from "./tried.ts";

/** A slot that a call holds while it lives, counted over all nodes that share the lease store. */
export interface LeaseRequest {
  /** Such as `trunk:london`. */
  readonly key: string;
  readonly limit: number;
  /** How a call fails without one. `TRUNK_FULL` when absent. */
  readonly full?: CallErrorCode;
}

/** New calls a second, counted by this process. */
export interface RateRequest {
  readonly key: string;
  readonly perSecond: number;
  readonly burst: number;
  /** How a call fails that comes too soon. */
  readonly exceeded: CallErrorCode;
}

/** Identity that a callee is shown. */
export interface CallerId {
  readonly displayName?: string;
  readonly user: string;
  /** With it trusted targets are told by P-Asserted-Identity that it is so; a domain. RFC 3325. */
  readonly domain?: string;
  /** Host of the From, for who asks for its own there, such as a carrier. Our own address when absent. */
  readonly fromDomain?: string;
}

/** One place to ring. */
export interface CallTarget {
  /** For log and record: `extension:4000`, `hub:hub-1`, `branch:london`. */
  readonly label: string;
  /** Request-URI of the leg. */
  readonly uri: string;
  /** Next hop as a SIP URI; the host of `uri` when absent. */
  readonly proxy?: string;
  /** As `callerId` of the plan, for this target. The number that P-Asserted-Identity tells is then not carried. */
  readonly callerId?: CallerId;
  /** Set on the INVITE after the header policy has run, such as P-Asserted-Identity. */
  readonly headers?: SipHeaders;
  readonly credentials?: ClientCredentials;
  /** A peer of the federation: gets our Session-ID and the caller's asserted identity. False when absent. */
  readonly trusted?: boolean;
  /**
   * Of a target that is not of the federation: it keeps callers to itself who do not want to be shown, and so it is told by
   * P-Asserted-Identity who they are, if its `callerId` has a domain. RFC 3325 §7. False when absent.
   */
  readonly keepsPrivacy?: boolean;
  /** Shows the caller whatever the caller asks for: emergency calls. False when absent. */
  readonly showsHiddenCaller?: boolean;
  /** A phone and no server: when it says nothing the caller hears 480, not the 503 of a server in trouble. False when absent. */
  readonly phone?: boolean;
  /** Until any response but 100, which comes from the engine; then the target is silent and the next step may run. */
  readonly firstResponseTimeoutMs?: number;
  /** From the INVITE to the answer; then the leg is cancelled. */
  readonly ringTimeoutMs?: number;
  readonly lease?: LeaseRequest;
  readonly rate?: RateRequest;
  /** Of a trusted target: by what it believes the path of the call. Absent: it is not told. */
  readonly pathProof?: PathProof;
  /**
   * Tells once when the peer is known to be gone: until it has answered, the call then goes to the next step, even if it has
   * rung, since nobody could tell the caller what becomes of it. Returns the function that takes the listener off.
   */
  readonly onGone?: (listener: () => void) => () => void;
}

/** Targets of a step ring together; the first to answer has the call. */
export interface BridgeStep {
  readonly targets: readonly CallTarget[];
  /** Left out when a target of an earlier step failed so. */
  readonly skipAfter?: readonly CallErrorCode[];
}

/** What a call is to become. Steps run in order; the next one only after a failure whose row says `tryNext`. */
export interface BridgePlan {
  /** Who brings the call: `extension:1000`, `hub:hub-1`, `branch:hk`. */
  readonly origin: string;
  /**
   * The caller is a peer of the federation: its Session-ID and P-Asserted-Identity are believed, and it gets a 183 at
   * once, by which it knows that this node is at work on the call.
   */
  readonly trusted?: boolean;
  /** For log and record; as in the INVITE when absent. */
  readonly from?: string;
  readonly to?: string;
  /** Identity shown to the callee instead of what the From says. */
  readonly callerId?: CallerId;
  /** Targets that are not trusted see an anonymous caller, as with `Privacy: id` in the INVITE. False when absent. */
  readonly hidesCaller?: boolean;
  /** Looked at before anything else. */
  readonly rates?: readonly RateRequest[];
  /** Held from before the first step until the end of the call. */
  readonly leases?: readonly LeaseRequest[];
  readonly steps: readonly BridgeStep[];
  /** Nodes by which the call has come to this one, as far as they can be believed. One that has this node in it is a loop. */
  readonly path?: readonly string[];
  /** Ways that would come before the steps and are known not to lead there now; told and recorded with those that were tried. */
  readonly passedOver?: readonly TriedRoute[];
  /**
   * The ways to the callee that there are later, when the call is up and the peer that carries it is gone (`CallTarget.onGone`): the
   * call then goes on by one of them. Absent: it does not.
   */
  readonly again?: () => Promise<readonly BridgeStep[]>;
  /**
   * The callee is of this node: later attempts of the same session, by another node, take the place of the first, and
   * those that were held back on the way do not ring. See `CallControl.standingOf`. False when absent.
   */
  readonly ringsHere?: boolean;
  /** Id of the call that this INVITE carries on: it is answered as that one is, and no step is run. */
  readonly continues?: string;
  /** Session-ID of the call, 32 hexadecimal digits, where the plan depends on it; else the caller's, or a new one. */
  readonly sessionId?: string;
}

/** One end of a call, as it is shown to the other end and in records. */
export interface Party {
  /** `extension:1000`, `hub:hub-1`, `branch:london`. */
  readonly label: string;
  /** The number by which it is called back. */
  readonly number: string;
  readonly displayName?: string;
  /** It asked not to be shown outside of the federation. False when absent. */
  readonly isHidden?: boolean;
}

export type EndedBy = "caller" | "callee" | "system";
