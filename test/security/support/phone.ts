import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Peer, RequestParts } from "../../support/peer/peer.ts";
import { dialogOfCallee, dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import type { PeerDialog } from "../../support/peer/peer-dialog.ts";
import { sequenceOf } from "../../support/peer/message.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import { authorizationLine } from "./digest.ts";
import type { Account, DigestParts } from "./digest.ts";
import { outcome } from "./outcome.ts";

/** A call between two phones that is up, as either of them sees it. */
export interface Call {
  readonly caller: Phone;
  readonly callee: Phone;
  readonly callerDialog: PeerDialog;
  readonly calleeDialog: PeerDialog;
  /** The INVITE that was answered. */
  readonly invite: WireMessage;
  /** The caller says BYE, and both phones are out of the call. */
  hangUp(): Promise<void>;
}

/** A phone of an extension: a peer that knows its password. */
export class Phone {
  readonly peer: Peer;
  readonly account: Account;

  constructor(peer: Peer, account: Account) {
    this.peer = peer;
    this.account = account;
  }

  get number(): string {
    return this.account.username;
  }

  /** The address of record of a number at the node that the phone speaks to. */
  uriOf(number: string): string {
    return this.peer.serverUri.replace("service", number);
  }

  async register(parts: RequestParts = {}): Promise<void> {
    const final = await this.ask("REGISTER", { ...this.registerParts(), ...parts });
    assert.equal(final.status, 200, final.startLine);
  }

  registerParts(): RequestParts {
    const { host, port } = this.peer.address;
    const own = this.uriOf(this.number);
    return {
      uri: own.replace(/[^:]+@/, ""),
      from: `<${own}>;tag=${randomBytes(4).toString("hex")}`,
      to: `<${own}>`,
      contact: `<sip:${this.number}@${host}:${port}>`,
      callId: randomBytes(8).toString("hex"),
    };
  }

  inviteParts(number: string): RequestParts & { readonly uri: string } {
    const uri = this.uriOf(number);
    return {
      uri,
      from: `<${this.uriOf(this.number)}>;tag=${randomBytes(4).toString("hex")}`,
      to: `<${uri}>`,
      callId: randomBytes(8).toString("hex"),
      headers: [SDP_TYPE],
      body: SDP,
    };
  }

  /** From now on the phone is busy to every call, and does what else it is told. Returns how to end that. */
  busy(): () => void {
    const { peer } = this;
    peer.answerBy = ({ method }) => (method === "INVITE" ? "486 Busy Here" : undefined);
    return () => {
      peer.answerBy = undefined;
    };
  }

  /** One request, sent again with credentials when it is challenged; the answer that counts. */
  async ask(method: string, parts: RequestParts, digest: Partial<DigestParts> = {}): Promise<WireMessage> {
    const { final } = await this.start(method, parts, digest);
    return final;
  }

  async start(
    method: string,
    parts: RequestParts,
    digest: Partial<DigestParts> = {},
  ): Promise<{ readonly request: WireMessage; readonly final: WireMessage }> {
    const first = this.peer.request(method, parts);
    const challenge = await this.peer.final(first);
    if (challenge.status !== 401 && challenge.status !== 407) {
      return { request: first, final: challenge };
    }
    const request = this.answer(first, challenge, parts, digest);
    return { request, final: await this.peer.final(request) };
  }

  /** The final answer, or undefined when an INVITE that was sent after the request is answered and the request is not. */
  async finalOrNothing(request: WireMessage): Promise<WireMessage | undefined> {
    const final = this.peer.final(request);
    final.catch(() => undefined);
    const isRead = outcome(this.peer, "INVITE", this.inviteParts(this.number));
    return Promise.race([final, isRead.then(() => undefined)]);
  }

  /** Sends the request that was challenged once more, with credentials. */
  answer(
    first: WireMessage,
    challenge: WireMessage,
    parts: RequestParts,
    digest: Partial<DigestParts> = {},
  ): WireMessage {
    const [method = "", uri = ""] = first.startLine.split(" ");
    if (method === "INVITE") {
      this.peer.ofInvite("ACK", first, { to: challenge.get("To") });
    }
    const line = authorizationLine(challenge, method, this.account, { uri, ...digest });
    const headers = [...(parts.headers ?? []), line];
    const from = first.get("From");
    return this.peer.request(method, { ...parts, from, headers, sequence: sequenceOf(first) + 1 });
  }

  /** Calls the other phone, which answers; resolves when the call is up. */
  async call(other: Phone): Promise<Call> {
    const parts = this.inviteParts(other.number);
    const first = this.peer.request("INVITE", parts);
    const invite = this.answer(first, await this.peer.final(first), parts);
    const ringing = await other.peer.next("INVITE");
    const answered = other.peer.respond(ringing, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
    const final = await this.peer.final(invite);
    assert.equal(final.status, 200, final.startLine);
    const callerDialog = dialogOfCaller(invite, final);
    this.peer.within(callerDialog, "ACK");
    await other.peer.next("ACK");
    return {
      caller: this,
      callee: other,
      callerDialog,
      calleeDialog: dialogOfCallee(ringing, answered),
      invite,
      hangUp: async () => {
        const bye = this.peer.within(callerDialog, "BYE");
        other.peer.respond(await other.peer.next("BYE"), "200 OK");
        assert.equal((await this.peer.final(bye)).status, 200);
      },
    };
  }
}
