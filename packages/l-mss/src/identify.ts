import { isIP } from "node:net";
import { nodeName } from "@mss/certificates";
import { ANONYMOUS_HOST, demandsUnavailablePrivacy, isSameHost, reject } from "@mss/call-control/node";
import type { ActiveCall, DigestGuard, IncomingRequest, Step } from "@mss/call-control";
import { next } from "@mss/call-control";
import type { BranchSettings, TransportAddress, TrunkHubSettings } from "@mss/model";
import { extensionNumberSchema } from "@mss/model";
import { SparseWarnings } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { callerLabel } from "./caller.ts";
import type { Caller } from "./caller.ts";
import type { CarrierArrivals } from "./carrier/carrier-arrival.ts";
import type { DirectPlan } from "./direct/direct-plan.ts";

export interface IdentifiedCall {
  readonly invite: IncomingRequest;
  readonly caller: Caller;
}

export interface IdentifyOptions {
  readonly settings: BranchSettings;
  /** Challenges with 407. */
  readonly guard: DigestGuard;
  /** Absent: no other branch calls straight. */
  readonly direct: DirectPlan | undefined;
  /** What comes from the address of a carrier. */
  readonly carriers: Pick<CarrierArrivals, "arrival">;
  readonly activeCalls: () => readonly ActiveCall[];
  /** A call for help, which nothing that it asks for beside keeps from going on. */
  readonly isEmergency: (invite: IncomingRequest) => boolean;
  readonly log: Logger;
}

/** The extension of that number, with its number checked; undefined when this branch has none. */
export function findExtension(
  settings: BranchSettings,
  number: string,
): Extract<Caller, { kind: "extension" }> | undefined {
  const parsed = extensionNumberSchema.safeParse(number);
  const extension = parsed.success ? settings.extensions.get(parsed.data) : undefined;
  return parsed.success && extension !== undefined
    ? { kind: "extension", number: parsed.data, settings: extension }
    : undefined;
}

/** A hub by the address its request came from; one whose address is a name is known by its digest alone. */
function hubOf(settings: BranchSettings, request: IncomingRequest, username: string): TrunkHubSettings | undefined {
  const hub = settings.trunk.hubs.find(({ id }) => id === username);
  const isFrom = ({ host }: TransportAddress): boolean => isIP(host) === 0 || isSameHost(host, request.source.host);
  return hub?.addresses.some(isFrom) === true ? hub : undefined;
}

/** Those that show who they are by a password. */
type Authenticated = Exclude<Caller, { kind: "branch" | "carrier" }>;

function callerOf(settings: BranchSettings, request: IncomingRequest, username: string): Authenticated | undefined {
  const hub = hubOf(settings, request, username);
  return hub === undefined ? findExtension(settings, username) : { kind: "hub", hub };
}

function secretOf(settings: BranchSettings, caller: Authenticated | undefined): string | undefined {
  return caller?.kind === "hub" ? settings.trunk.secret : caller?.settings.secret;
}

/** Whether a call with the trunk's password is that hub's, by the certificate that it shows or does not show. */
function isHub(hub: TrunkHubSettings, { peerNames }: IncomingRequest, { federation, trunk }: BranchSettings): boolean {
  // A certificate that is shown must be the right one, whether it is asked for or not.
  const isAsked = trunk.requireCertificate === true || peerNames.length > 0;
  return !isAsked || peerNames.includes(nodeName(hub.id, federation));
}

/**
 * Who calls: a hub (its id as user name, the trunk's secret, from the hub's address and with its certificate), another branch that calls
 * straight (by its certificate alone), a carrier (by the address that it calls from), or an extension (its number as user name). Nobody else: without valid credentials the answer is 407. An extension calls under its own number only (403).
 */
export function identify({
  settings,
  guard,
  direct,
  carriers,
  activeCalls,
  isEmergency,
  log,
}: IdentifyOptions): Step<IncomingRequest, IdentifiedCall> {
  const warnings = new SparseWarnings({ log });
  return async (invite) => {
    const { source: peer } = invite;
    const arrival = direct?.arrival(invite, activeCalls) ?? carriers.arrival(invite);
    if (arrival !== undefined) {
      return arrival.kind === "caller" ? next({ invite, caller: arrival.caller }) : arrival;
    }
    const outcome = await guard.check(invite, (username) => secretOf(settings, callerOf(settings, invite, username)));
    if (outcome.kind === "challenge") {
      if (outcome.failed) {
        warnings.warn(peer.host, { peer, from: invite.from.user }, "call with wrong credentials");
      }
      return { kind: "reply", status: outcome.status, headers: outcome.headers };
    }
    if (outcome.kind === "refused") {
      return reject("NOT_AUTHENTICATED");
    }
    const caller = callerOf(settings, invite, outcome.username);
    if (caller === undefined) {
      return reject("NOT_AUTHENTICATED");
    }
    if (caller.kind === "hub" && !isHub(caller.hub, invite, settings)) {
      const reason = "it does not prove the hub's name by a certificate";
      const advice = "look who it is, or give the hub a certificate with its own name: mss cert";
      log.warn({ peer, hub: caller.hub.id, names: invite.peerNames, reason, advice }, "call of a hub is refused");
      return reject("NOT_AUTHENTICATED", callerLabel(caller));
    }
    if (caller.kind === "extension" && !isEmergency(invite) && demandsUnavailablePrivacy(invite.header("Privacy"))) {
      return reject("PRIVACY_UNAVAILABLE", callerLabel(caller));
    }
    if (caller.kind === "extension" && invite.from.host === ANONYMOUS_HOST) {
      return next({ invite, caller: { ...caller, isHidden: true } }); // RFC 3323 §4.1: the credentials say who it is
    }
    if (caller.kind === "extension" && invite.from.user !== caller.number) {
      warnings.warn(peer.host, { peer, from: invite.from.user, code: "NOT_PERMITTED" }, "call under another number");
      return reject("NOT_PERMITTED", callerLabel(caller));
    }
    return next({ invite, caller });
  };
}
