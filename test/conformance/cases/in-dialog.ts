import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import { APP_SDP, SIDES, callIn, callOut } from "../support/calls.ts";
import type { Call } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { sequenceOf, tagOf } from "../../support/peer/message.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Peer } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";

const HELD = SDP.replace("1 1 IN", "1 2 IN").concat("a=sendonly\r\n");
const APP_HELD = APP_SDP.replace("1 1 IN", "1 2 IN").concat("a=recvonly\r\n");
const METHODS = ["INFO", "MESSAGE", "NOTIFY", "REFER", "OPTIONS", "UPDATE"] as const;

/** Requests within a call that is up. The peer is its caller or its callee. */
export const IN_DIALOG: readonly ConformanceCase[] = SIDES.flatMap(({ side, start }) => [
  ...METHODS.map((method) => ({
    name: `${method} of ${side} reaches the application, and its answer the peer`,
    run: async (rig: Rig) => peerAsks(await start(rig), method),
  })),
  ...METHODS.map((method) => ({
    name: `${method} of the application reaches ${side}, and its answer the application`,
    run: async (rig: Rig) => applicationAsks(await start(rig), method),
  })),
  {
    name: `what has the tags of the call, but comes from another address than ${side}, is not within it`,
    run: async (rig: Rig) => {
      const call = await start(rig);
      const thief = await rig.peer();
      const status = async (method: string): Promise<number | undefined> =>
        (await thief.final(askWithin(call, thief, method))).status;
      assert.deepEqual([await status("INFO"), await status("BYE")], [481, 481]);
      await peerAsks(call, "INFO");
    },
    differs: {
      drachtio: {
        row: "takes requests of a dialog from any address",
        run: async (rig: Rig) => {
          const call = await start(rig);
          const thief = await rig.peer();
          const ended = nextEvent(call.dialog, "destroy");
          assert.equal((await thief.final(askWithin(call, thief, "BYE"))).status, 200);
          await ended;
        },
      },
    },
  },
  {
    name: `re-INVITE of ${side}: offer, answer and ACK, and its new Contact is the target from then on`,
    run: async (rig: Rig) => peerMoves(await start(rig), "moved"),
    differs: {
      drachtio: {
        row: "keeps the first Contact of the peer as the target",
        run: async (rig: Rig) => peerMoves(await start(rig), "peer"),
      },
    },
  },
  {
    name: `re-INVITE of ${side} that the application refuses: the call goes on`,
    run: async (rig: Rig) => {
      const call = await start(rig);
      const { dialog, peer, peerDialog } = call;
      const modify = nextEvent(dialog, "modify");
      const invite = peer.within(peerDialog, "INVITE", { headers: [SDP_TYPE], body: HELD });
      (await modify).res.send(488);
      const refusal = await peer.final(invite);
      assert.equal(refusal.status, 488);
      peer.ofInvite("ACK", invite, { to: refusal.get("To") });
      await peerAsks(call, "INFO");
    },
  },
  {
    name: `re-INVITE of the application to ${side}: offer, answer and ACK`,
    run: async (rig: Rig) => {
      const { dialog, peer } = await start(rig);
      const modified = dialog.modify(APP_HELD);
      const invite = await peer.next("INVITE");
      assert.equal(invite.body, APP_HELD);
      assert.notEqual(tagOf(invite.get("To")), "");
      assert.notEqual(invite.get("Contact"), "");
      peer.respond(invite, "200 OK", { headers: [SDP_TYPE], body: HELD });
      const ack = await peer.next("ACK");
      assert.equal(sequenceOf(ack), sequenceOf(invite));
      assert.equal(await modified, HELD);
    },
  },
  {
    name: `re-INVITE of the application that ${side} refuses: acknowledged, and the call goes on`,
    run: async (rig: Rig) => {
      const call = await start(rig);
      const refused = assert.rejects(call.dialog.modify(APP_HELD), { status: 488 });
      const invite = await call.peer.next("INVITE");
      call.peer.respond(invite, "488 Not Acceptable Here");
      const ack = await call.peer.next("ACK");
      assert.equal(sequenceOf(ack), sequenceOf(invite));
      await refused;
      await applicationAsks(call, "INFO");
    },
  },
  {
    name: `BYE of both ends at once: both are answered 200 (${side})`,
    run: async (rig: Rig) => {
      const { dialog, peer, peerDialog } = await start(rig);
      const ended = dialog.destroy();
      const theirs = await peer.next("BYE");
      const ours = peer.within(peerDialog, "BYE");
      const answer = await peer.final(ours);
      assert.ok(answer.status === 200 || answer.status === 481, answer.startLine);
      peer.respond(theirs, "200 OK");
      await ended;
    },
  },
  {
    name: `BYE that ${side} does not know any more ends the call`,
    run: async (rig: Rig) => {
      const { dialog, peer } = await start(rig);
      const ended = dialog.destroy();
      peer.respond(await peer.next("BYE"), "481 Call/Transaction Does Not Exist");
      await ended;
    },
  },
  {
    name: `after the BYE of ${side} nothing of the call is left`,
    run: async (rig: Rig) => {
      const { app, dialog, peer, peerDialog } = await start(rig, { takes: ["update"] });
      const ended = nextEvent(dialog, "destroy");
      assert.equal((await peer.final(peer.within(peerDialog, "BYE"))).status, 200);
      await ended;
      assert.equal((await peer.final(peer.within(peerDialog, "UPDATE"))).status, 481);
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: `a request of ${side} that comes again reaches the application once`,
    run: async (rig: Rig) => {
      const { app, dialog, peer, peerDialog } = await start(rig);
      let count = 0;
      dialog.on("info", () => {
        count += 1;
      });
      const info = nextEvent(dialog, "info");
      const request = peer.within(peerDialog, "INFO");
      const { res } = await info;
      peer.send(request.text);
      res.send(200);
      const answer = await peer.final(request);
      peer.send(request.text);
      await peer.nextCopy(answer);
      await rig.nothingElseCame(app, peer);
      assert.equal(count, 1);
    },
  },
  {
    name: `a request with a lower CSeq than the last of ${side} is answered 500`,
    run: async (rig: Rig) => {
      const call = await start(rig);
      assert.equal(await sendsStale(call), 500);
      await rig.nothingElseCame(call.app, call.peer);
    },
    differs: {
      drachtio: {
        row: "takes requests of a dialog in any order of their CSeq",
        run: async (rig: Rig) => assert.equal(await sendsStale(await start(rig)), 200),
      },
    },
  },
  {
    name: `a request with another From tag than that of ${side} is of no dialog`,
    run: async (rig: Rig) => {
      const { app, peer, peerDialog } = await start(rig);
      const from = peerDialog.local.replace(/;tag=.*/, ";tag=forged");
      const forged = peer.request("BYE", {
        uri: peerDialog.target,
        from,
        to: peerDialog.remote,
        callId: peerDialog.callId,
        sequence: 99,
      });
      assert.equal((await peer.final(forged)).status, 481);
      await rig.nothingElseCame(app, peer);
    },
  },
]);

/** The peer comes with a new Contact; its user is the one that a BYE goes to afterwards. */
async function peerMoves({ dialog, peer, peerDialog }: Call, user: string): Promise<void> {
  const modify = nextEvent(dialog, "modify");
  const { host, port } = peer.address;
  const contact = `<sip:moved@${host}:${port}>`;
  const invite = peer.within(peerDialog, "INVITE", { contact, headers: [SDP_TYPE], body: HELD });
  const { req, res } = await modify;
  assert.equal(req.body, HELD);
  res.send(200, { headers: { "Content-Type": "application/sdp" }, body: APP_HELD });
  const ok = await peer.final(invite);
  assert.equal(ok.body, APP_HELD);
  assert.notEqual(ok.get("Contact"), "");
  const acknowledged = nextEvent(dialog, "ack");
  peer.within(peerDialog, "ACK");
  await acknowledged;
  const ended = dialog.destroy();
  const bye = await peer.next("BYE");
  assert.equal(bye.startLine, `BYE sip:${user}@${host}:${port} SIP/2.0`);
  peer.respond(bye, "200 OK");
  await ended;
}

/** The status that an INFO with a used-up number gets. */
async function sendsStale(call: Call): Promise<number | undefined> {
  await peerAsks(call, "INFO");
  const { peer, peerDialog } = call;
  const stale = peer.within(peerDialog, "INFO", { sequence: peerDialog.sequence - 1 });
  return (await peer.final(stale)).status;
}

async function reinvitesMeet(rig: Rig, status: number): Promise<void> {
  const { dialog, peer, peerDialog } = await callIn(rig);
  const modified = dialog.modify(APP_HELD);
  const theirs = await peer.next("INVITE");
  const ours = peer.within(peerDialog, "INVITE", { headers: [SDP_TYPE], body: HELD });
  const answer = await peer.final(ours);
  assert.equal(answer.status, status);
  if (status === 200) {
    peer.within(peerDialog, "ACK");
  } else {
    peer.ofInvite("ACK", ours, { to: answer.get("To") });
  }
  peer.respond(theirs, "200 OK", { headers: [SDP_TYPE], body: SDP });
  await peer.next("ACK");
  await modified;
}

async function byeDuringReinvite(rig: Rig, status: number): Promise<void> {
  const { dialog, peer, peerDialog } = await callIn(rig);
  const modify = nextEvent(dialog, "modify");
  const reinvite = peer.within(peerDialog, "INVITE", { headers: [SDP_TYPE], body: HELD });
  await modify;
  const ended = nextEvent(dialog, "destroy");
  assert.equal((await peer.final(peer.within(peerDialog, "BYE"))).status, 200);
  await ended;
  const answer = await peer.final(reinvite);
  assert.equal(answer.status, status);
  peer.ofInvite("ACK", reinvite, { to: answer.get("To") });
}

/** The next request of the peer's dialog, sent by somebody else. */
function askWithin({ peerDialog }: Call, by: Peer, method: string): WireMessage {
  const { target, local, remote, callId, routes } = peerDialog;
  const headers = routes.map((route) => `Route: ${route}`);
  return by.request(method, { uri: target, from: local, to: remote, callId, sequence: 900, headers });
}

async function peerAsks({ dialog, peer, peerDialog }: Call, method: string): Promise<void> {
  const event = nextEvent(dialog, method.toLowerCase());
  const request = peer.within(peerDialog, method, {
    headers: [
      "X-Custom: in the call",
      "Content-Type: text/plain",
      ...(method === "NOTIFY" ? ["Event: refer", "Subscription-State: active"] : []),
      ...(method === "REFER" ? ["Refer-To: <sip:other@127.0.0.1>"] : []),
    ],
    body: `of ${method}`,
  });
  const { req, res } = await event;
  assert.equal(req.get("X-Custom"), "in the call");
  assert.equal(req.body, `of ${method}`);
  res.send(202, { headers: { "X-Answer": "yes", "Content-Type": "text/plain" }, body: "an answer" });
  const answer = await peer.final(request);
  assert.equal(answer.status, 202);
  assert.equal(answer.get("X-Answer"), "yes");
  assert.equal(answer.body, "an answer");
  assert.equal(answer.get("To"), request.get("To"));
}

async function applicationAsks({ dialog, peer, peerDialog }: Call, method: string): Promise<void> {
  const answered = dialog.request({
    method,
    headers: {
      "X-Custom": "in the call",
      "Content-Type": "text/plain",
      ...(method === "NOTIFY" ? { Event: "refer", "Subscription-State": "active" } : {}),
      ...(method === "REFER" ? { "Refer-To": "<sip:other@127.0.0.1>" } : {}),
    },
    body: `of ${method}`,
  });
  const request = await peer.next(method);
  assert.equal(request.startLine, `${method} ${peer.uri} SIP/2.0`);
  assert.equal(request.get("From"), peerDialog.remote);
  assert.equal(request.get("To"), peerDialog.local);
  assert.equal(request.get("Call-ID"), peerDialog.callId);
  assert.equal(request.get("X-Custom"), "in the call");
  assert.equal(request.body, `of ${method}`);
  peer.respond(request, "202 Accepted", { headers: ["X-Answer: yes", "Content-Type: text/plain"], body: "an answer" });
  const answer = await answered;
  assert.equal(answer.status, 202);
  assert.equal(answer.get("X-Answer"), "yes");
  assert.equal(answer.body, "an answer");
}

/** Cases that need not be tried from both sides. */
export const IN_DIALOG_ONCE: readonly ConformanceCase[] = [
  {
    name: "a re-INVITE that meets one of the application is answered 491",
    run: (rig) => reinvitesMeet(rig, 491),
    differs: {
      drachtio: {
        row: "hands on a re-INVITE that meets one of the application",
        run: (rig) => reinvitesMeet(rig, 200),
      },
    },
  },
  {
    name: "BYE while a re-INVITE of the peer waits for its answer: the re-INVITE ends, too",
    run: (rig) => byeDuringReinvite(rig, 487),
    differs: {
      drachtio: {
        row: "500 to a re-INVITE that waits when BYE comes",
        run: (rig) => byeDuringReinvite(rig, 500),
      },
    },
  },
  {
    name: "a BYE that the peer challenges is sent again with the credentials of the call",
    run: async (rig) => {
      const { dialog, peer } = await callOut(rig, { auth: { username: "1000", password: "secret" } });
      const ended = dialog.destroy();
      const first = await peer.next("BYE");
      const challenge = 'WWW-Authenticate: Digest realm="here", nonce="n1", algorithm=MD5, qop="auth"';
      peer.respond(first, "401 Unauthorized", { headers: [challenge] });
      const second = await peer.next("BYE");
      assert.match(second.get("Authorization"), /username="1000"/);
      assert.ok(sequenceOf(second) > sequenceOf(first));
      peer.respond(second, "200 OK");
      await ended;
    },
  },
  {
    name: "a re-INVITE that the peer challenges is sent again with the credentials of the call",
    run: async (rig) => {
      const { dialog, peer } = await callOut(rig, { auth: { username: "1000", password: "secret" } });
      const modified = dialog.modify(APP_HELD);
      const first = await peer.next("INVITE");
      const challenge = 'Proxy-Authenticate: Digest realm="here", nonce="n1", algorithm=MD5, qop="auth"';
      peer.respond(first, "407 Proxy Authentication Required", { headers: [challenge] });
      await peer.next("ACK");
      const second = await peer.next("INVITE");
      assert.match(second.get("Proxy-Authorization"), /username="1000"/);
      assert.ok(sequenceOf(second) > sequenceOf(first));
      peer.respond(second, "200 OK", { headers: [SDP_TYPE], body: HELD });
      assert.equal(sequenceOf(await peer.next("ACK")), sequenceOf(second));
      assert.equal(await modified, HELD);
    },
  },
  {
    name: "the peer's refusal of an INFO reaches the application, and the call goes on",
    run: async (rig) => {
      const call = await callOut(rig);
      const answered = call.dialog.request({ method: "INFO" });
      call.peer.respond(await call.peer.next("INFO"), "415 Unsupported Media Type");
      assert.equal((await answered).status, 415);
      await applicationAsks(call, "INFO");
    },
  },
];
