import type { TestContext } from "node:test";
import type { EngineOptions } from "../../src/index.ts";
import type { ProxyOptions, ProxyResults } from "../engine/support/app.ts";
import { SDP_HEADERS } from "../engine/support/bridged-call.ts";
import { startRig } from "../engine/support/rig.ts";
import type { Rig } from "../engine/support/rig.ts";
import { SDP } from "../engine/support/sip-peer.ts";
import type { PeerMessage, SipPeer } from "../engine/support/sip-peer.ts";

export interface ProxyRig extends Rig {
  readonly caller: SipPeer;
  readonly targets: readonly SipPeer[];
  /** What drachtio-srf tells the application of the first proxied request. */
  readonly results: Promise<ProxyResults>;
  invite(options?: {
    readonly headers?: readonly string[];
    readonly uri?: string;
    readonly callId?: string;
  }): PeerMessage;
}

/** An application that proxies every INVITE to `count` peers. */
export async function startProxy(
  context: TestContext,
  count: number,
  options: { readonly proxy?: ProxyOptions; readonly engine?: Partial<EngineOptions> } = {},
): Promise<ProxyRig> {
  const rig = await startRig(context, options.engine);
  const caller = await rig.peer();
  const targets: SipPeer[] = [];
  while (targets.length < count) {
    targets.push(await rig.peer());
  }
  const results = Promise.withResolvers<ProxyResults>();
  results.promise.catch(() => undefined);
  rig.app.invite((request) => {
    const uris = targets.map(({ uri }) => uri);
    rig.app.proxyRequest(request, uris, { ...options.proxy }).then(results.resolve, results.reject);
  });
  const invite: ProxyRig["invite"] = ({ headers = [], ...rest } = {}) =>
    caller.request("INVITE", rig.sip, { headers: [...SDP_HEADERS, ...headers], body: SDP, ...rest });
  return { ...rig, caller, targets, results: results.promise, invite };
}

export function finalTo(cseq: string): (message: PeerMessage) => boolean {
  return (message) => message.status !== undefined && message.status >= 200 && message.get("CSeq") === cseq;
}

/** The peer of that index. */
export function target(rig: ProxyRig, index: number): SipPeer {
  const peer = rig.targets[index];
  if (peer === undefined) {
    throw new Error(`no target ${index}`);
  }
  return peer;
}
