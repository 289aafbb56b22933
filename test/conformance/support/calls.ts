import { nextEvent } from "./application.ts";
import type { AppDialog, Application, AppRequest, AppResponse, CallOptions, Headers } from "./application.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import { dialogOfCallee, dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import type { PeerDialog } from "../../support/peer/peer-dialog.ts";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Peer, PeerTransport, RequestParts } from "../../support/peer/peer.ts";
import type { Rig } from "./rig.ts";

/** What applications offer and answer. */
export const APP_SDP = SDP.replace("o=peer", "o=app").replace("6000", "7000");

/** A call between a peer and an application, up and acknowledged. */
export interface Call {
  readonly app: Application;
  readonly peer: Peer;
  /** As the application has it. */
  readonly dialog: AppDialog;
  /** As the peer has it. */
  readonly peerDialog: PeerDialog;
  readonly invite: WireMessage;
  readonly ok: WireMessage;
  readonly ack: WireMessage;
}

/** An INVITE that has reached the application and waits for its answer. */
export interface Offered {
  readonly app: Application;
  readonly peer: Peer;
  readonly invite: WireMessage;
  readonly req: AppRequest;
  readonly res: AppResponse;
}

export interface OfferOptions extends RequestParts {
  readonly transport?: PeerTransport;
  /** What the application takes besides INVITE. */
  readonly takes?: readonly string[];
}

/** The peer calls, and the application has its INVITE. */
export async function offer(rig: Rig, options: OfferOptions = {}): Promise<Offered> {
  const { transport = "udp", takes = [], ...parts } = options;
  const app = await rig.application({ takes: ["invite", ...takes] });
  const peer = await rig.peer(transport);
  const invite = sendInvite(peer, parts);
  return { app, peer, invite, ...(await app.received("INVITE")) };
}

export function sendInvite(peer: Peer, parts: RequestParts = {}): WireMessage {
  return peer.request("INVITE", { body: SDP, ...parts, headers: [SDP_TYPE, ...(parts.headers ?? [])] });
}

/** The peer calls, the application answers, the peer acknowledges. */
export async function callIn(
  rig: Rig,
  options: OfferOptions & { readonly answerHeaders?: Headers } = {},
): Promise<Call> {
  const { answerHeaders = {}, ...offerOptions } = options;
  const { app, peer, invite, req, res } = await offer(rig, offerOptions);
  const [dialog, ok] = await Promise.all([
    app.srf.createUAS(req, res, { localSdp: APP_SDP, headers: answerHeaders }),
    peer.final(invite),
  ]);
  const peerDialog = dialogOfCaller(invite, ok);
  const acknowledged = nextEvent(dialog, "ack");
  const ack = peer.within(peerDialog, "ACK");
  await acknowledged;
  return { app, peer, dialog, peerDialog, invite, ok, ack };
}

export interface CallOutOptions extends CallOptions {
  readonly transport?: PeerTransport;
  readonly takes?: readonly string[];
  /** Headers of the peer's answer, whole lines. */
  readonly answerHeaders?: readonly string[];
}

/** The application calls, the peer answers, the application acknowledges. */
export async function callOut(rig: Rig, options: CallOutOptions = {}): Promise<Call> {
  const { transport = "udp", takes = [], answerHeaders = [], ...callOptions } = options;
  const app = await rig.application({ takes });
  const peer = await rig.peer(transport);
  const calling = app.srf.createUAC(peer.uri, { localSdp: APP_SDP, ...callOptions });
  const invite = await peer.next("INVITE");
  const ok = peer.respond(invite, "200 OK", { tag: "callee", headers: [SDP_TYPE, ...answerHeaders], body: SDP });
  const dialog = await calling;
  const ack = await peer.next("ACK");
  return { app, peer, dialog, peerDialog: dialogOfCallee(invite, ok), invite, ok, ack };
}

/** Both ways to get a call, for what must be the same in both. */
export const SIDES = [
  { side: "the caller", start: callIn },
  { side: "the callee", start: callOut },
] as const;
