import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import { APP_SDP, offer } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { tagOf } from "../../support/peer/message.ts";
import { dialogOfCallee, dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import { SDP, SDP_TYPE, branchOf } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";

/** Calls that are given up, by either side. */
export const CANCEL: readonly ConformanceCase[] = [
  ...[false, true].map((rings) => ({
    name: `the caller gives up ${rings ? "while it rings" : "before any answer"}`,
    run: async (rig: Rig) => {
      const { app, peer, invite, req, res } = await offer(rig);
      if (rings) {
        res.send(180);
        await peer.answer(invite, 180);
      }
      const cancelled = nextEvent(req, "cancel");
      const cancel = peer.ofInvite("CANCEL", invite, {
        headers: ['Reason: SIP;cause=200;text="Call completed elsewhere"'],
      });
      const [terminated, accepted] = await Promise.all([peer.final(invite), peer.final(cancel)]);
      assert.equal(accepted.status, 200);
      assert.equal(terminated.status, 487);
      assert.match((await cancelled).req.get("Reason"), /Call completed elsewhere/);
      peer.ofInvite("ACK", invite, { to: terminated.get("To") });
      await assert.rejects(app.srf.createUAS(req, res, { localSdp: APP_SDP }));
      await rig.nothingElseCame(app, peer);
    },
  })),
  {
    name: "the caller gives up after the 2xx: the call stands, and BYE ends it",
    run: async (rig) => {
      const { app, peer, invite, req, res } = await offer(rig);
      const dialog = await app.srf.createUAS(req, res, { localSdp: APP_SDP });
      const ok = await peer.final(invite);
      peer.ofInvite("CANCEL", invite);
      await peer.next((message) => message.get("CSeq") === "1 CANCEL" && message.status !== undefined);
      const peerDialog = dialogOfCaller(invite, ok);
      const acknowledged = nextEvent(dialog, "ack");
      peer.within(peerDialog, "ACK");
      await acknowledged;
      const ended = nextEvent(dialog, "destroy");
      const bye = peer.within(peerDialog, "BYE");
      assert.equal((await peer.final(bye)).status, 200);
      await ended;
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "the caller says BYE while it rings",
    run: async (rig) => {
      const { app, peer, invite, req, res } = await offer(rig);
      res.send(180);
      const ringing = await peer.answer(invite, 180);
      const cancelled = nextEvent(req, "cancel");
      const bye = peer.within(dialogOfCaller(invite, ringing), "BYE", { uri: peer.serverUri });
      assert.equal((await peer.final(bye)).status, 200);
      const terminated = await peer.final(invite);
      assert.equal(terminated.status, 487);
      peer.ofInvite("ACK", invite, { to: terminated.get("To") });
      await cancelled;
      await rig.nothingElseCame(app, peer);
    },
    differs: {
      drachtio: {
        row: "481 to BYE before the answer",
        run: async (rig) => {
          const { peer, invite, res } = await offer(rig);
          res.send(180);
          const ringing = await peer.answer(invite, 180);
          const bye = peer.within(dialogOfCaller(invite, ringing), "BYE", { uri: peer.serverUri });
          assert.equal((await peer.final(bye)).status, 481);
        },
      },
    },
  },
  {
    name: "a CANCEL with another branch is not of this INVITE",
    run: async (rig) => {
      const { app, peer, invite, req, res } = await offer(rig);
      const cancel = peer.ofInvite("CANCEL", invite, { branch: "z9hG4bKanother" });
      assert.equal((await peer.final(cancel)).status, 481);
      await app.srf.createUAS(req, res, { localSdp: APP_SDP });
      const ok = await peer.final(invite);
      assert.equal(ok.status, 200);
      peer.within(dialogOfCaller(invite, ok), "ACK");
    },
    differs: {
      drachtio: {
        row: "matches CANCEL to a waiting INVITE by Call-ID",
        run: async (rig) => {
          const { peer, invite } = await offer(rig);
          const cancel = peer.ofInvite("CANCEL", invite, { branch: "z9hG4bKanother" });
          assert.equal((await peer.final(cancel)).status, 200);
        },
      },
    },
  },
  {
    name: "the application gives up while it rings: CANCEL with the branch of the INVITE, and 487 comes back",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const { promise: ringing, resolve } = Promise.withResolvers<void>();
      const sent: { cancel?: () => void } = {};
      const calling = app.srf.createUAC(
        peer.uri,
        { localSdp: APP_SDP },
        {
          cbRequest: (_error, request) => {
            sent.cancel = () =>
              request.cancel({ headers: { Reason: 'SIP;cause=200;text="Call completed elsewhere"' } }, () => undefined);
          },
          cbProvisional: () => resolve(),
        },
      );
      const refused = assert.rejects(calling, { status: 487 });
      const invite = await peer.next("INVITE");
      peer.respond(invite, "180 Ringing", { tag: "callee" });
      await ringing;
      sent.cancel?.();
      const cancel = await peer.next("CANCEL");
      assert.equal(branchOf(cancel), branchOf(invite));
      assert.equal(cancel.startLine.split(" ")[1], invite.startLine.split(" ")[1]);
      assert.match(cancel.get("Reason"), /Call completed elsewhere/);
      peer.respond(cancel, "200 OK", { tag: "callee" });
      peer.respond(invite, "487 Request Terminated", { tag: "callee" });
      assert.equal(branchOf(await peer.next("ACK")), branchOf(invite));
      await refused;
    },
  },
  {
    name: "the application gives up before any answer: CANCEL waits for a provisional one",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const { promise: cancelled, resolve } = Promise.withResolvers<void>();
      const calling = app.srf.createUAC(
        peer.uri,
        { localSdp: APP_SDP },
        { cbRequest: (_error, request) => request.cancel({}, () => resolve()) },
      );
      const refused = assert.rejects(calling, { status: 487 });
      const invite = await peer.next("INVITE");
      await cancelled;
      await rig.nothingElseCame(app, peer);
      peer.respond(invite, "180 Ringing", { tag: "callee" });
      const cancel = await peer.next("CANCEL");
      peer.respond(cancel, "200 OK", { tag: "callee" });
      peer.respond(invite, "487 Request Terminated", { tag: "callee" });
      await peer.next("ACK");
      await refused;
    },
  },
  {
    name: "a 2xx that crosses the application's CANCEL: acknowledged, and ended by BYE",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const { promise: ringing, resolve } = Promise.withResolvers<void>();
      const sent: { cancel?: () => void } = {};
      const calling = app.srf.createUAC(
        peer.uri,
        { localSdp: APP_SDP },
        {
          cbRequest: (_error, request) => {
            sent.cancel = () => request.cancel({}, () => undefined);
          },
          cbProvisional: () => resolve(),
        },
      );
      const outcome = calling.then(
        () => "answered",
        () => "refused",
      );
      const invite = await peer.next("INVITE");
      peer.respond(invite, "180 Ringing", { tag: "callee" });
      await ringing;
      sent.cancel?.();
      const cancel = await peer.next("CANCEL");
      const ok = peer.respond(invite, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
      peer.respond(cancel, "200 OK", { tag: "callee" });
      await peer.next("ACK");
      const bye = await peer.next("BYE");
      assert.equal(tagOf(bye.get("To")), tagOf(ok.get("To")));
      peer.respond(bye, "200 OK");
      assert.ok(["answered", "refused"].includes(await outcome));
      assert.equal(dialogOfCallee(invite, ok).callId, bye.get("Call-ID"));
    },
  },
];
