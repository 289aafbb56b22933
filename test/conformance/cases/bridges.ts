import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import type { AppDialog, Application } from "../support/application.ts";
import { sendInvite } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { uriOf } from "../../support/peer/message.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import { dialogOfCallee, dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Peer } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";

const ANSWER = SDP.replace("6000", "8000");

/** Calls between two peers through a back-to-back user agent of drachtio-srf, and subscriptions. */
export const BRIDGES: readonly ConformanceCase[] = [
  {
    name: "a bridged call: two Call-IDs, headers carried over as asked, and either end hangs up",
    run: async (rig) => {
      const bridge = await offerBridge(rig, ["Subject: hello", "X-Private: not to be seen"]);
      const { caller, callee, invite, leg, dialogs } = bridge;
      assert.notEqual(leg.get("Call-ID"), invite.get("Call-ID"));
      assert.equal(leg.get("Subject"), "hello");
      assert.equal(leg.get("X-Private"), "");
      assert.equal(leg.body, SDP);
      callee.respond(leg, "180 Ringing", { tag: "callee" });
      await caller.answer(invite, 180);
      const headers = [SDP_TYPE, "X-Answered-By: callee"];
      const legOk = callee.respond(leg, "200 OK", { tag: "callee", headers, body: ANSWER });
      const ok = await caller.final(invite);
      assert.equal(ok.body, ANSWER);
      assert.equal(ok.get("X-Answered-By"), "callee");
      await callee.next("ACK");
      caller.within(dialogOfCaller(invite, ok), "ACK");
      const { uas, uac } = await dialogs;
      const ended = nextEvent(uac, "destroy");
      const bye = callee.within(dialogOfCallee(leg, legOk), "BYE");
      await ended;
      assert.equal((await callee.final(bye)).status, 200);
      const hungUp = uas.destroy();
      const last = await caller.next("BYE");
      assert.equal(last.get("Call-ID"), invite.get("Call-ID"));
      caller.respond(last, "200 OK");
      await hungUp;
    },
  },
  ...["404 Not Found", "486 Busy Here", "600 Busy Everywhere"].map((line) => ({
    name: `the callee of a bridged call refuses with ${line}: the caller hears it`,
    run: async (rig: Rig) => {
      const { app, caller, callee, invite, leg, dialogs } = await offerBridge(rig);
      callee.respond(leg, line, { tag: "callee" });
      await callee.next("ACK");
      const answer = await caller.final(invite);
      assert.equal(answer.startLine, `SIP/2.0 ${line}`);
      caller.ofInvite("ACK", invite, { to: answer.get("To") });
      await assert.rejects(dialogs, { status: Number(line.slice(0, 3)) });
      await rig.nothingElseCame(app, caller, callee);
    },
  })),
  {
    name: "the caller of a bridged call gives up while it rings: the callee is cancelled",
    run: async (rig) => {
      const { caller, callee, invite, leg, dialogs } = await offerBridge(rig);
      callee.respond(leg, "180 Ringing", { tag: "callee" });
      await caller.answer(invite, 180);
      const refused = assert.rejects(dialogs);
      caller.ofInvite("CANCEL", invite);
      const terminated = await caller.final(invite);
      assert.equal(terminated.status, 487);
      caller.ofInvite("ACK", invite, { to: terminated.get("To") });
      const cancel = await callee.next("CANCEL");
      callee.respond(cancel, "200 OK", { tag: "callee" });
      callee.respond(leg, "487 Request Terminated", { tag: "callee" });
      await callee.next("ACK");
      await refused;
    },
  },
  {
    name: "a subscription of a peer: 202, NOTIFY of the application, and its end",
    run: async (rig) => {
      const app = await rig.application({ takes: ["subscribe"] });
      const peer = await rig.peer();
      const subscribe = peer.request("SUBSCRIBE", { headers: ["Event: presence", "Expires: 600"] });
      const { req, res } = await app.received("SUBSCRIBE");
      const [dialog, accepted] = await Promise.all([
        app.srf.createUAS(req, res, { headers: { Expires: "600" } }),
        peer.final(subscribe),
      ]);
      assert.equal(accepted.status, 202);
      const notified = dialog.request({
        method: "NOTIFY",
        headers: { Event: "presence", "Subscription-State": "active;expires=600", "Content-Type": "text/plain" },
        body: "open",
      });
      const notify = await peer.next("NOTIFY");
      assert.equal(notify.get("Call-ID"), subscribe.get("Call-ID"));
      assert.equal(notify.get("To"), subscribe.get("From"));
      assert.equal(notify.get("From"), accepted.get("To"));
      assert.equal(notify.body, "open");
      peer.respond(notify, "200 OK");
      assert.equal((await notified).status, 200);
      const ended = dialog.destroy();
      const last = await peer.next("NOTIFY");
      assert.match(last.get("Subscription-State"), /^terminated/);
      peer.respond(last, "200 OK");
      await ended;
    },
  },
  {
    name: "a subscription of the application: NOTIFY of the peer reaches its dialog",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const subscribing = app.srf.createUAC(peer.uri, {
        method: "SUBSCRIBE",
        headers: { Event: "presence", Expires: "600" },
      });
      const subscribe = await peer.next("SUBSCRIBE");
      const { host, port } = rig.engine.sip;
      assert.ok(uriOf(subscribe.get("Contact")).includes(`${host}:${port}`), subscribe.get("Contact"));
      const accepted = peer.respond(subscribe, "202 Accepted", { tag: "notifier", headers: ["Expires: 600"] });
      const dialog = await subscribing;
      const heard = nextEvent(dialog, "notify");
      const notify = peer.within(dialogOfCallee(subscribe, accepted), "NOTIFY", {
        headers: ["Event: presence", "Subscription-State: active;expires=600", "Content-Type: text/plain"],
        body: "open",
      });
      const { req, res } = await heard;
      assert.equal(req.body, "open");
      res.send(200);
      assert.equal((await peer.final(notify)).status, 200);
    },
  },
];

interface Bridge {
  readonly app: Application;
  readonly caller: Peer;
  readonly callee: Peer;
  readonly invite: WireMessage;
  /** The INVITE that reached the callee. */
  readonly leg: WireMessage;
  readonly dialogs: Promise<{ readonly uas: AppDialog; readonly uac: AppDialog }>;
}

/** A peer calls, and the application calls another one for it. */
async function offerBridge(rig: Rig, headers: readonly string[] = []): Promise<Bridge> {
  const app = await rig.application({ takes: ["invite"] });
  const [caller, callee] = [await rig.peer(), await rig.peer()];
  const invite = sendInvite(caller, { headers });
  const { req, res } = await app.received("INVITE");
  const dialogs = app.srf.createB2BUA(req, res, callee.uri, {
    localSdpB: req.body,
    proxyRequestHeaders: ["Subject"],
    proxyResponseHeaders: ["X-Answered-By"],
  });
  dialogs.catch(() => undefined); // a case that fails elsewhere does not come back for it
  const leg = await callee.next("INVITE");
  return { app, caller, callee, invite, leg, dialogs };
}
