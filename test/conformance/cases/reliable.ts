import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import type { AppMessage, Application, AppRequest, AppResponse } from "../support/application.ts";
import { APP_SDP, offer } from "../support/calls.ts";
import type { Offered } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import { sequenceOf, tagOf } from "../../support/peer/message.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";
import { inTime } from "../../support/peer/waiting.ts";

const SUPPORTED = ["Supported: 100rel"];

/** Provisional answers that are acknowledged (RFC 3262), and the early dialogs of forks. */
export const RELIABLE: readonly ConformanceCase[] = [
  {
    name: "a reliable provisional answer of the application: RSeq, PRACK, and the application is told",
    run: async (rig) => {
      const offered = await offer(rig, { headers: SUPPORTED });
      const { app, peer, invite, req, res } = offered;
      const { progress, acknowledged } = await progressReliably(offered);
      assert.match(progress.get("Require"), /100rel/);
      assert.equal(progress.body, APP_SDP);
      const peerDialog = dialogOfCaller(invite, progress);
      const prack = peer.within(peerDialog, "PRACK", { headers: [`RAck: ${progress.get("RSeq")} 1 INVITE`] });
      assert.equal((await inTime(acknowledged, () => "the PRACK at the application")).method, "PRACK");
      assert.equal((await peer.final(prack)).status, 200);
      await app.srf.createUAS(req, res, { localSdp: APP_SDP });
      const ok = await peer.final(invite);
      assert.equal(tagOf(ok.get("To")), tagOf(progress.get("To")));
      peer.within(dialogOfCaller(invite, ok), "ACK");
    },
  },
  {
    name: "UPDATE of the caller before the answer reaches the application of the call, and its answer the caller",
    run: async (rig) => {
      const offered = await offer(rig, { headers: SUPPORTED });
      const { app, peer, invite, req, res } = offered;
      const { progress } = await progressReliably(offered);
      const early = dialogOfCaller(invite, progress);
      const prack = peer.within(early, "PRACK", { headers: [`RAck: ${progress.get("RSeq")} 1 INVITE`] });
      assert.equal((await peer.final(prack)).status, 200);
      const updated = nextEvent(req, "update");
      const update = peer.within(early, "UPDATE", { headers: [SDP_TYPE], body: SDP });
      (await updated).res.send(200, { body: APP_SDP });
      const ok = await peer.final(update);
      assert.deepEqual([ok.status, ok.body], [200, APP_SDP]);
      await app.srf.createUAS(req, res, { localSdp: APP_SDP });
      peer.within(dialogOfCaller(invite, await peer.final(invite)), "ACK");
    },
  },
  {
    name: "a reliable provisional answer comes again until its PRACK",
    timers: "short",
    run: async (rig) => {
      const offered = await offer(rig, { headers: SUPPORTED });
      const { peer, invite, res } = offered;
      const { progress } = await progressReliably(offered);
      await peer.nextCopy(progress);
      await peer.nextCopy(progress);
      const peerDialog = dialogOfCaller(invite, progress);
      const prack = peer.within(peerDialog, "PRACK", { headers: [`RAck: ${progress.get("RSeq")} 1 INVITE`] });
      assert.equal((await peer.final(prack)).status, 200);
      res.send(486);
      peer.ofInvite("ACK", invite, { to: (await peer.final(invite)).get("To") });
    },
  },
  {
    name: "to a caller without 100rel the application cannot send one",
    run: async (rig) => {
      const { peer, invite, res } = await offer(rig);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      res.send(183, { headers: { Require: "100rel" } }, resolve);
      assert.match(String(await inTime(promise, () => "the engine's word")), /100rel/);
      res.send(486);
      peer.ofInvite("ACK", invite, { to: (await peer.final(invite)).get("To") });
    },
  },
  {
    name: "a reliable provisional answer of the peer: the application's PRACK carries RAck",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const calling = app.srf.createUAC(
        peer.uri,
        { localSdp: APP_SDP, headers: { Supported: "100rel" } },
        { cbProvisional: (_response, acknowledge) => acknowledge?.() },
      );
      const invite = await peer.next("INVITE");
      const headers = [SDP_TYPE, "Require: 100rel", "RSeq: 4711"];
      const contact = `<${peer.uri}>`;
      peer.respond(invite, "183 Session Progress", { tag: "callee", headers, body: SDP, contact });
      const prack = await peer.next("PRACK");
      assert.equal(prack.get("RAck"), `4711 ${invite.get("CSeq")}`);
      assert.equal(tagOf(prack.get("To")), "callee");
      assert.equal(sequenceOf(prack), sequenceOf(invite) + 1);
      peer.respond(prack, "200 OK");
      peer.respond(invite, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
      const ack = await peer.next("ACK");
      assert.equal(sequenceOf(ack), sequenceOf(invite));
      const ended = (await calling).destroy();
      const bye = await peer.next("BYE");
      assert.ok(sequenceOf(bye) > sequenceOf(prack));
      peer.respond(bye, "200 OK");
      await ended;
    },
  },
  {
    name: "early dialogs of a fork: the application hears both, and talks to the one that answers",
    run: async (rig) => {
      const { calling, peer, invite, rang } = await ringingFork(rig);
      assert.deepEqual(
        rang.map((response) => tagOf(response.get("To"))),
        ["one", "two"],
      );
      peer.respond(invite, "200 OK", { tag: "one", headers: [SDP_TYPE], body: SDP });
      assert.equal(tagOf((await peer.next("ACK")).get("To")), "one");
      const dialog = await calling;
      assert.equal(dialog.sip.remoteTag, "one");
      const ended = dialog.destroy();
      const bye = await peer.next("BYE");
      assert.equal(tagOf(bye.get("To")), "one");
      peer.respond(bye, "200 OK");
      await ended;
    },
  },
  {
    name: "a second fork that answers, too: acknowledged, and ended by BYE",
    run: async (rig) => {
      const { peer } = await bothAnswer(rig);
      assert.equal(tagOf((await peer.next("ACK")).get("To")), "two");
      const bye = await peer.next("BYE");
      assert.equal(tagOf(bye.get("To")), "two");
      peer.respond(bye, "200 OK");
    },
    differs: {
      drachtio: {
        row: "leaves a second fork that answers alone",
        run: async (rig) => {
          const { app, peer } = await bothAnswer(rig);
          await rig.nothingElseCame(app, peer);
        },
      },
    },
  },
];

async function progressReliably({
  peer,
  invite,
  res,
}: Offered): Promise<{ readonly progress: WireMessage; readonly acknowledged: Promise<AppRequest> }> {
  const { promise: acknowledged, resolve } = Promise.withResolvers<AppRequest>();
  const sent = Promise.withResolvers<AppMessage | undefined>();
  const headers = { Require: "100rel", "Content-Type": "application/sdp" };
  res.send(183, { headers, body: APP_SDP }, (_error, message) => sent.resolve(message), resolve);
  const progress = await peer.answer(invite, 183);
  assert.match(progress.get("RSeq"), /^\d+$/);
  assert.equal((await sent.promise)?.get("RSeq"), progress.get("RSeq"));
  return { progress, acknowledged };
}

interface Fork {
  readonly app: Application;
  readonly calling: Promise<{
    readonly sip: { readonly remoteTag: string };
    destroy(): Promise<unknown>;
  }>;
  readonly peer: Offered["peer"];
  readonly invite: WireMessage;
  readonly rang: readonly AppResponse[];
}

/** The application calls, and two forks ring, which are one peer here. */
async function ringingFork(rig: Rig): Promise<Fork> {
  const app = await rig.application();
  const peer = await rig.peer();
  const rang: AppResponse[] = [];
  const { promise: bothRang, resolve } = Promise.withResolvers<void>();
  const calling = app.srf.createUAC(
    peer.uri,
    { localSdp: APP_SDP },
    {
      cbProvisional: (response) => {
        if (rang.push(response) === 2) {
          resolve();
        }
      },
    },
  );
  const invite = await peer.next("INVITE");
  for (const tag of ["one", "two"]) {
    peer.respond(invite, "180 Ringing", { tag });
  }
  await inTime(bothRang, () => "two forks that ring");
  return { app, calling, peer, invite, rang };
}

/** Fork "one" answers and is acknowledged, then fork "two" answers. */
async function bothAnswer(rig: Rig): Promise<Fork> {
  const fork = await ringingFork(rig);
  const { calling, peer, invite } = fork;
  peer.respond(invite, "200 OK", { tag: "one", headers: [SDP_TYPE], body: SDP });
  assert.equal(tagOf((await peer.next("ACK")).get("To")), "one");
  await calling;
  peer.respond(invite, "200 OK", { tag: "two", headers: [SDP_TYPE], body: SDP });
  return fork;
}
