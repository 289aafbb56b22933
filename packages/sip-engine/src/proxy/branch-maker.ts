import type { SipRequest } from "@mss/sip-message";
import type { Core } from "../engine/core.ts";
import { ownAddressFor } from "../engine/core.ts";
import { hostPortOf, targetOfUri } from "../engine/next-hop.ts";
import type { ServerTransaction } from "../transaction/types.ts";
import type { Flow, ListenAddress } from "../transport/types.ts";
import type { ProxyCommand } from "../wire/commands.ts";
import type { BranchTimeouts } from "./branch.ts";
import { Branch } from "./branch.ts";
import { forwardedRequest } from "./forwarded-request.ts";
import type { BranchMaker } from "./response-context.ts";
import type { RouteTokens } from "./route-tokens.ts";

/** Methods that make dialogs, whose later requests follow Record-Route; REGISTER gets Path in its place. */
const RECORDED: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "REFER"]);

const TRANSPORTS = ["udp", "tcp", "tls"] as const;

/** Branches for the targets of a command. */
export function branchMaker(
  core: Core,
  tokens: RouteTokens,
  order: {
    readonly transaction: ServerTransaction;
    readonly command: ProxyCommand;
    readonly timeouts: BranchTimeouts;
    readonly breadth: number | undefined;
  },
): BranchMaker {
  const { transaction, command, timeouts, breadth } = order;
  const { request: received, flow, localTag } = transaction;
  const replacesUri = isOwnUri(core, received.uri);
  return (uri, host, isRedirect) => {
    const hop = core.flows.targetFor(uri) ?? targetOfUri(uri);
    const own = hop === undefined || core.transports.isOwn(hop) ? undefined : ownAddressFor(core, hop);
    if (hop === undefined || own === undefined) {
      return undefined;
    }
    const requestUri = replacesUri || isRedirect ? uri : received.uri;
    const request = (): SipRequest =>
      forwardedRequest(received, {
        uri: requestUri,
        recordRoutes: command.remainInDialog ? recordRoutes(core, tokens, { request: received, flow, own }) : [],
        headers: command.headers,
        breadth,
      });
    return new Branch({ uri, hop, timeouts, localTag, request }, host);
  };
}

/**
 * Record-Route entries of ours for a request that came on `flow` and leaves from `own`: one, or one for each side when
 * they differ, so that each peer finds an address it can reach (RFC 5658). The callee's side stands first.
 */
export function recordRoutes(
  core: Core,
  tokens: RouteTokens,
  way: { readonly request: SipRequest; readonly flow: Flow; readonly own: ListenAddress },
): readonly string[] {
  const { request, flow, own } = way;
  if (request.method === "REGISTER") {
    return [entryOf(request.uri, own, ";lr")];
  }
  if (!RECORDED.has(request.method) && request.method !== "NOTIFY") {
    return [];
  }
  const { transport, remote } = flow;
  const entrance = ownAddressFor(core, { transport, host: remote.host, port: remote.port, flow }) ?? own;
  const parameters = tokens.parametersFor(request);
  const sides = isSame(entrance, own) ? [own] : [own, entrance];
  return sides.map((side) => entryOf(request.uri, side, parameters));
}

function entryOf(requestUri: string, side: ListenAddress, parameters: string): string {
  const scheme = side.transport === "tls" && requestUri.startsWith("sips:") ? "sips" : "sip"; // RFC 3261 §16.6 step 4
  const transport = side.transport === "udp" || scheme === "sips" ? "" : `;transport=${side.transport}`;
  return `<${scheme}:${hostPortOf(side)}${transport}${parameters}>`;
}

function isSame(one: ListenAddress, other: ListenAddress): boolean {
  return one.host === other.host && one.port === other.port && one.transport === other.transport;
}

/** By whatever transport. drachtio-server leaves a Request-URI alone that names another host than ours. */
function isOwnUri(core: Core, uri: string): boolean {
  const target = targetOfUri(uri);
  return target !== undefined && TRANSPORTS.some((transport) => core.transports.isOwn({ ...target, transport }));
}
