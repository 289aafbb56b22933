import assert from "node:assert/strict";
import type { AppRequest, AppResponse, BridgedDialogs } from "./app.ts";
import type { Rig } from "./rig.ts";
import type { PeerMessage, SipPeer } from "./sip-peer.ts";
import { SDP } from "./sip-peer.ts";

export const ANSWER = SDP.replace("6000", "7000");
export const SDP_HEADERS = ["Content-Type: application/sdp"];

export interface Leg {
  readonly request: PeerMessage;
  readonly response: PeerMessage;
}

export interface BridgedCall extends BridgedDialogs {
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  readonly a: Leg;
  readonly b: Leg;
}

/** Bridges every call to `target` as long as the test runs; gives the dialogs of the next call. */
export function bridgeTo(rig: Rig, target: string): Promise<BridgedDialogs> {
  const dialogs = Promise.withResolvers<BridgedDialogs>();
  async function bridge(request: AppRequest, response: AppResponse): Promise<void> {
    const pair = await rig.app.createB2BUA(request, response, target, { localSdpB: request.body });
    pair.uas.on("destroy", () => void pair.uac.destroy().catch(() => undefined));
    pair.uac.on("destroy", () => void pair.uas.destroy().catch(() => undefined));
    dialogs.resolve(pair);
  }
  rig.app.invite((request, response) => {
    bridge(request, response).catch(dialogs.reject);
  });
  dialogs.promise.catch(() => undefined);
  return dialogs.promise;
}

/** Caller and callee talk through a B2BUA of drachtio-srf. */
export async function establishCall(rig: Rig): Promise<BridgedCall> {
  const caller = await rig.peer();
  const callee = await rig.peer();
  const dialogs = bridgeTo(rig, callee.uri);
  const inviteA = caller.request("INVITE", rig.sip, { headers: SDP_HEADERS, body: SDP });
  await caller.next(100);
  const inviteB = await callee.next("INVITE");
  callee.respond(inviteB, "180 Ringing", { tag: "callee" });
  await caller.next(180);
  const okB = callee.respond(inviteB, "200 OK", { tag: "callee", headers: SDP_HEADERS, body: ANSWER });
  await callee.next("ACK");
  const okA = await caller.next(200);
  assert.equal(inviteB.body, SDP);
  assert.equal(okA.body, ANSWER);
  const a = { request: inviteA, response: okA };
  caller.requestWithin("ACK", a, { sequence: 1 });
  return { ...(await dialogs), caller, callee, a, b: { request: inviteB, response: okB } };
}

/** A request of the callee within the second leg. */
export function calleeRequest(
  call: BridgedCall,
  method: string,
  options: { sequence?: number; headers?: readonly string[]; body?: string } = {},
): PeerMessage {
  const { request, response } = call.b;
  const via = /SIP\/2\.0\/UDP ([^:;]+):(\d+)/.exec(request.get("Via"));
  return call.callee.request(
    method,
    { host: via?.[1] ?? "", port: Number(via?.[2]) },
    {
      uri: /<([^>]+)>/.exec(request.get("Contact"))?.[1] ?? "",
      from: response.get("To"),
      to: request.get("From"),
      callId: request.get("Call-ID"),
      ...options,
    },
  );
}
