import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import { APP_SDP, callIn, offer, sendInvite } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { sequenceOf, tagOf, uriOf } from "../../support/peer/message.ts";
import { dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";
import { inTime } from "../../support/peer/waiting.ts";

const DRACHTIO_TIMER_H_MS = 32_000;

/** Calls from a peer to an application. */
export const CALLS_IN: readonly ConformanceCase[] = [
  ...(["udp", "tcp"] as const).map((transport) => ({
    name: `answered by the application, ended by the caller (${transport})`,
    run: async (rig: Rig) => {
      const { dialog, peer, peerDialog, invite, ok } = await callIn(rig, { transport });
      const { host, port } = rig.engine.sip;
      assert.equal(ok.startLine, "SIP/2.0 200 OK");
      assert.equal(ok.body, APP_SDP);
      assert.equal(ok.get("Content-Type"), "application/sdp");
      assert.ok(uriOf(ok.get("Contact")).includes(`${host}:${port}`), ok.get("Contact"));
      assert.equal(dialog.sip.callId, invite.get("Call-ID"));
      assert.equal(dialog.sip.localTag, tagOf(ok.get("To")));
      assert.equal(dialog.sip.remoteTag, tagOf(invite.get("From")));
      assert.equal(dialog.remote.sdp, SDP);
      const ended = nextEvent(dialog, "destroy");
      const bye = peer.within(peerDialog, "BYE", { headers: ["X-Why: enough"] });
      assert.equal((await ended).req.get("X-Why"), "enough");
      assert.equal((await peer.final(bye)).status, 200);
    },
  })),
  ...(["udp", "tcp"] as const).map((transport) => ({
    name: `answered by the application, and ended by it (${transport})`,
    run: async (rig: Rig) => {
      const { dialog, peer, invite, ok } = await callIn(rig, { transport });
      const ended = dialog.destroy({ headers: { "X-Why": "enough" } });
      const bye = await peer.next("BYE");
      assert.equal(bye.startLine, `BYE ${peer.uri} SIP/2.0`);
      assert.equal(bye.get("Call-ID"), invite.get("Call-ID"));
      assert.equal(bye.get("From"), ok.get("To"));
      assert.equal(bye.get("To"), invite.get("From"));
      assert.equal(bye.get("X-Why"), "enough");
      assert.equal(bye.get("Max-Forwards"), "70");
      peer.respond(bye, "200 OK");
      await ended;
    },
  })),
  {
    name: "100 Trying comes without the application",
    run: async (rig) => {
      const { peer, invite, res } = await offer(rig);
      const trying = await peer.answer(invite, 100);
      assert.equal(trying.get("To"), invite.get("To"), "without a tag");
      res.send(486);
      assert.equal((await peer.final(invite)).status, 486);
    },
  },
  {
    name: "provisional answers with headers and bodies, under one To tag",
    run: async (rig) => {
      const { app, peer, invite, req, res } = await offer(rig);
      res.send(180, { headers: { "X-Step": "ringing" } });
      const ringing = await peer.answer(invite, 180);
      assert.equal(ringing.get("X-Step"), "ringing");
      res.send(183, { headers: { "Content-Type": "application/sdp" }, body: APP_SDP });
      const progress = await peer.answer(invite, 183);
      assert.equal(progress.body, APP_SDP);
      await app.srf.createUAS(req, res, { localSdp: APP_SDP });
      const ok = await peer.final(invite);
      assert.notEqual(tagOf(ok.get("To")), "");
      assert.deepEqual([ringing.get("To"), progress.get("To")], [ok.get("To"), ok.get("To")]);
      peer.within(dialogOfCaller(invite, ok), "ACK");
    },
  },
  {
    name: "refused by the application: its reason and headers, and the ACK is nobody's business",
    run: async (rig) => {
      const { app, peer, invite, res } = await offer(rig);
      res.send(486, "Busy at Lunch", { headers: { "Retry-After": "3600" } });
      const busy = await peer.final(invite);
      assert.equal(busy.startLine, "SIP/2.0 486 Busy at Lunch");
      assert.equal(busy.get("Retry-After"), "3600");
      peer.ofInvite("ACK", invite, { to: busy.get("To") });
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "an INVITE that comes again reaches the application once, and the last provisional answer is repeated",
    run: async (rig) => {
      const { app, peer, invite, res } = await offer(rig);
      res.send(180);
      const ringing = await peer.answer(invite, 180);
      peer.send(invite.text);
      await peer.nextCopy(ringing);
      res.send(480);
      const final = await peer.final(invite);
      peer.ofInvite("ACK", invite, { to: final.get("To") });
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "a refusal comes again until it is acknowledged (UDP)",
    timers: "short",
    run: async (rig) => {
      const { app, peer, invite, res } = await offer(rig);
      res.send(486);
      const busy = await peer.final(invite);
      await peer.nextCopy(busy);
      await peer.nextCopy(busy);
      peer.ofInvite("ACK", invite, { to: busy.get("To") });
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "a 2xx comes again until it is acknowledged, and the application hears one ACK",
    timers: "short",
    run: (rig) => acknowledgedTwice(rig, 1),
    differs: {
      drachtio: { row: "tells every ACK of a 2xx that comes", run: (rig) => acknowledgedTwice(rig, 2) },
    },
  },
  {
    name: "a 2xx that is never acknowledged ends in BYE, and the application is told",
    timers: "short",
    run: (rig) => neverAcknowledged(rig),
    differs: {
      drachtio: {
        row: "waits 32 s for the ACK of a 2xx, whatever its timers",
        run: (rig) => neverAcknowledged(rig, DRACHTIO_TIMER_H_MS + 5_000),
      },
    },
  },
  {
    name: "an offer in the 2xx and its answer in the ACK",
    run: async (rig) => {
      const { app, peer, invite, req, res } = await offer(rig, { body: "", headers: [] });
      const dialog = await app.srf.createUAS(req, res, { localSdp: APP_SDP });
      const ok = await peer.final(invite);
      assert.equal(ok.body, APP_SDP);
      const acknowledged = nextEvent(dialog, "ack");
      peer.within(dialogOfCaller(invite, ok), "ACK", { headers: [SDP_TYPE], body: SDP });
      assert.equal((await acknowledged).req.body, SDP);
    },
  },
  {
    name: "the routes of the INVITE stand in what the application sends, in their order, and it goes to the first",
    run: async (rig) => {
      const proxy = await rig.peer();
      const { host, port } = proxy.address;
      const first = `<sip:${host}:${port};lr>`;
      const { dialog, peer } = await callIn(rig, {
        headers: [`Record-Route: ${first}`, "Record-Route: <sip:second@127.0.0.1;lr>"],
      });
      const ended = dialog.destroy();
      const bye = await proxy.next("BYE");
      assert.equal(uriOf(bye.startLine.split(" ")[1] ?? ""), peer.uri);
      const routes = bye.all("Route").flatMap((value) => value.split(/,\s*/));
      assert.deepEqual(routes, [first, "<sip:second@127.0.0.1;lr>"]);
      proxy.respond(bye, "200 OK");
      await ended;
    },
  },
  {
    name: "the Record-Route of the INVITE comes back in the answers",
    run: async (rig) => {
      const routes = ["<sip:127.0.0.1:5099;lr>", "<sip:second@127.0.0.1;lr>"];
      const { peer, invite, res } = await offer(rig, { headers: routes.map((route) => `Record-Route: ${route}`) });
      res.send(180);
      const ringing = await peer.answer(invite, 180);
      assert.deepEqual(
        ringing.all("Record-Route").flatMap((value) => value.split(/,\s*/)),
        routes,
      );
      res.send(486);
      peer.ofInvite("ACK", invite, { to: (await peer.final(invite)).get("To") });
    },
  },
  {
    name: "a Contact that the application gives stands, localhost in it is the engine's address",
    run: async (rig) => {
      const { ok } = await callIn(rig, { answerHeaders: { Contact: "<sip:desk@localhost>" } });
      const { host, port } = rig.engine.sip;
      assert.match(uriOf(ok.get("Contact")), new RegExp(`^sip:desk@${host.replaceAll(".", "\\.")}(?::${port})?$`));
    },
  },
  {
    name: "headers of the application stand in the 2xx",
    run: async (rig) => {
      const { ok } = await callIn(rig, {
        answerHeaders: { "X-Custom": "a value, with a comma", Allow: "INVITE, BYE", Supported: "replaces" },
      });
      assert.equal(ok.get("X-Custom"), "a value, with a comma");
      assert.equal(ok.get("Allow"), "INVITE, BYE");
      assert.equal(ok.get("Supported"), "replaces");
    },
  },
  {
    name: "two calls of one peer at the same time are two dialogs",
    run: async (rig) => {
      const app = await rig.application({ takes: ["invite"] });
      const peer = await rig.peer();
      const invites = [sendInvite(peer), sendInvite(peer)];
      const dialogs = [];
      for (const _ of invites) {
        const { req, res } = await app.received("INVITE");
        dialogs.push(await app.srf.createUAS(req, res, { localSdp: APP_SDP }));
      }
      for (const invite of invites) {
        const peerDialog = dialogOfCaller(invite, await peer.final(invite));
        peer.within(peerDialog, "ACK");
        const dialog = dialogs.find(({ sip }) => sip.callId === invite.get("Call-ID"));
        assert.ok(dialog);
        const ended = nextEvent(dialog, "destroy");
        const bye = peer.within(peerDialog, "BYE");
        assert.equal(sequenceOf(await peer.final(bye)), sequenceOf(bye));
        await ended;
      }
    },
  },
];

async function acknowledgedTwice(rig: Rig, heard: number): Promise<void> {
  const { app, peer, invite, req, res } = await offer(rig);
  const dialog = await app.srf.createUAS(req, res, { localSdp: APP_SDP });
  let acknowledgements = 0;
  const allHeard = Promise.withResolvers<void>();
  dialog.on("ack", () => {
    acknowledgements += 1;
    if (acknowledgements === heard) {
      allHeard.resolve();
    }
  });
  const ok = await peer.final(invite);
  await peer.nextCopy(ok);
  await peer.nextCopy(ok);
  const ack = peer.within(dialogOfCaller(invite, ok), "ACK");
  peer.send(ack.text);
  await inTime(allHeard.promise, () => `${heard} events ack`);
  await rig.nothingElseCame(app, peer);
  assert.equal(acknowledgements, heard);
}

async function neverAcknowledged(rig: Rig, limitMs?: number): Promise<void> {
  const { app, peer, invite, req, res } = await offer(rig);
  const dialog = await app.srf.createUAS(req, res, { localSdp: APP_SDP });
  const ended = nextEvent(dialog, "destroy", limitMs);
  const ok = await peer.final(invite);
  const bye = await peer.next("BYE", limitMs);
  assert.equal(bye.get("From"), ok.get("To"));
  peer.respond(bye, "200 OK");
  await ended;
}
