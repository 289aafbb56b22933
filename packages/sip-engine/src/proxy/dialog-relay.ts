import type { SipRequest } from "@mss/sip-message";
import { parseNameAddress } from "@mss/sip-message";
import type { Core } from "../engine/core.ts";
import { ownAddressFor } from "../engine/core.ts";
import { targetOfUri } from "../engine/next-hop.ts";
import type { ServerTransaction } from "../transaction/types.ts";
import type { ListenAddress, Target } from "../transport/types.ts";
import { recordRoutes } from "./branch-maker.ts";
import { Branch } from "./branch.ts";
import { forwardedRequest, hopsLeft } from "./forwarded-request.ts";
import type { BranchMaker } from "./response-context.ts";
import type { OwnRoute, RouteTokens } from "./route-tokens.ts";

/** Where a request goes on, within a dialog that the engine let through with Record-Route. */
export interface Onward extends OwnRoute {
  readonly hop: Target;
  readonly own: ListenAddress;
}

/** Undefined when the request did not come along our Record-Route, or leads nowhere. */
export function onwardOf(core: Core, tokens: RouteTokens, request: SipRequest): Onward | undefined {
  const route = tokens.ownRouteOf(request);
  if (route === undefined) {
    return undefined;
  }
  const next = route.routes[0];
  const nextUri = next === undefined ? route.uri : parseNameAddress(next)?.uri;
  const hop = nextUri === undefined ? undefined : (core.flows.targetFor(nextUri) ?? targetOfUri(nextUri));
  const own = hop === undefined ? undefined : ownAddressFor(core, hop);
  return hop === undefined || own === undefined ? undefined : { ...route, hop, own };
}

/** The single branch of a request within such a dialog. RFC 6665 §4.3: a NOTIFY may make a dialog, so it is recorded too. */
export function relayMaker(
  core: Core,
  tokens: RouteTokens,
  way: { readonly transaction: ServerTransaction; readonly onward: Onward },
): BranchMaker {
  const { request, flow, localTag } = way.transaction;
  const { uri, routes, hop, own } = way.onward;
  const build = (): SipRequest =>
    forwardedRequest(request, {
      uri,
      routes,
      recordRoutes: request.method === "NOTIFY" ? recordRoutes(core, tokens, { request, flow, own }) : [],
    });
  const timeouts = { provisionalMs: undefined, finalMs: undefined };
  return (target, host) => new Branch({ uri: target, hop, timeouts, localTag, request: build }, host);
}

/** The ACK of a 2xx passes without state. RFC 3261 §16.11; false when it is not on a way of ours. */
export function relayAck(core: Core, tokens: RouteTokens, ack: SipRequest): boolean {
  const onward = onwardOf(core, tokens, ack);
  if (onward === undefined || (hopsLeft(ack) ?? 0) < 0) {
    return false;
  }
  const { uri, routes, hop } = onward;
  core.transactions.sendAck(forwardedRequest(ack, { uri, routes }), hop);
  return true;
}
