import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import { APP_SDP, callIn, offer } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import type { Peer } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";

/** Several applications on one engine, and applications that go. */
export const APPLICATIONS: readonly ConformanceCase[] = [
  {
    name: "each method goes to the application that takes it",
    run: async (rig) => {
      const registrar = await rig.application({ takes: ["register"] });
      const messenger = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      for (const [app, method] of [
        [registrar, "REGISTER"],
        [messenger, "MESSAGE"],
      ] as const) {
        const request = peer.request(method);
        (await app.received(method)).res.send(200);
        assert.equal((await peer.final(request)).status, 200);
      }
      await rig.nothingElseCame(registrar, peer);
      await rig.nothingElseCame(messenger, peer);
    },
  },
  {
    name: "applications that take the same method take turns",
    run: async (rig) => {
      const apps = [await rig.application({ takes: ["message"] }), await rig.application({ takes: ["message"] })];
      const peer = await rig.peer();
      const requests = Array.from({ length: 4 }, () => peer.request("MESSAGE"));
      for (const app of [...apps, ...apps]) {
        (await app.received("MESSAGE")).res.send(200);
      }
      for (const request of requests) {
        assert.equal((await peer.final(request)).status, 200);
      }
    },
  },
  {
    name: "a request within a call goes to the application of the call",
    run: async (rig) => {
      const call = await callIn(rig);
      const other = await rig.application({ takes: ["invite", "info", "bye"] });
      const { promise, resolve } = Promise.withResolvers<void>();
      call.dialog.once("info", (_request, response: { send(status: number): void }) => {
        response.send(200);
        resolve();
      });
      const info = call.peer.within(call.peerDialog, "INFO");
      await promise;
      assert.equal((await call.peer.final(info)).status, 200);
      await rig.nothingElseCame(other, call.peer);
    },
  },
  {
    name: "a wrong secret is refused",
    run: async (rig) => {
      await assert.rejects(rig.stranger("not the secret"), /failed to authenticate/);
    },
  },
  {
    name: "an application that goes leaves the others their turn",
    run: async (rig) => {
      const gone = await rig.application({ takes: ["message"] });
      const stays = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      await gone.disconnected();
      for (let count = 0; count < 2; count += 1) {
        const request = peer.request("MESSAGE");
        (await stays.received("MESSAGE")).res.send(200);
        assert.equal((await peer.final(request)).status, 200);
      }
    },
  },
  {
    name: "when an application has gone, the one that comes after it gets the calls",
    run: async (rig) => {
      const first = await callIn(rig);
      const ended = nextEvent(first.dialog, "destroy");
      const bye = first.peer.within(first.peerDialog, "BYE");
      await ended;
      assert.equal((await first.peer.final(bye)).status, 200);
      await first.app.disconnected();
      const second = await callIn(rig);
      const over = second.dialog.destroy();
      second.peer.respond(await second.peer.next("BYE"), "200 OK");
      await over;
      await rig.nothingElseCame(second.app, first.peer, second.peer);
    },
  },
  {
    name: "when its application goes, an INVITE that waits for its answer is refused",
    run: async (rig) => {
      const { app, peer, invite } = await offer(rig);
      await app.disconnected();
      const answer = await peer.final(invite);
      assert.equal(answer.status, 503);
      peer.ofInvite("ACK", invite, { to: answer.get("To") });
    },
    differs: {
      drachtio: {
        row: "request of an application that is gone: no answer",
        run: async (rig) => {
          const { app, peer } = await offer(rig);
          await app.disconnected();
          await rig.nothingElseCame(await rig.application(), peer);
        },
      },
    },
  },
  {
    name: "when its application goes, a call is ended by BYE",
    run: async (rig) => {
      const { app, peer } = await callIn(rig);
      await app.disconnected();
      peer.respond(await peer.next("BYE"), "200 OK");
    },
    differs: {
      drachtio: {
        row: "dialogs of an application that is gone stay until the peer ends them",
        run: async (rig) => {
          const { app, peer } = await callIn(rig);
          await app.disconnected();
          await rig.nothingElseCame(await rig.application(), peer);
        },
      },
    },
  },
  {
    name: "when its application goes, an unanswered call of it is cancelled",
    run: async (rig) => {
      const { peer, invite } = await callerIsGone(rig);
      const cancel = await peer.next("CANCEL");
      peer.respond(cancel, "200 OK", { tag: "callee" });
      peer.respond(invite, "487 Request Terminated", { tag: "callee" });
      await peer.next("ACK");
    },
    differs: {
      drachtio: {
        row: "lets unanswered calls of an application that is gone ring on",
        run: async (rig) => {
          const { peer } = await callerIsGone(rig);
          await rig.nothingElseCame(await rig.application(), peer);
        },
      },
    },
  },
];

/** An application calls a peer that rings, and goes. */
async function callerIsGone(rig: Rig): Promise<{ readonly peer: Peer; readonly invite: WireMessage }> {
  const app = await rig.application();
  const peer = await rig.peer();
  const { promise: rings, resolve } = Promise.withResolvers<void>();
  app.srf.createUAC(peer.uri, { localSdp: APP_SDP }, { cbProvisional: () => resolve() }).catch(() => undefined);
  const invite = await peer.next("INVITE");
  peer.respond(invite, "180 Ringing", { tag: "callee" });
  await rings;
  await app.disconnected();
  return { peer, invite };
}
