import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import { APP_SDP, callIn, sendInvite } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { finalResponse } from "../support/application.ts";
import type { PeerTransport } from "../../support/peer/peer.ts";
import { dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import type { Rig } from "../support/rig.ts";

const LOSES_LARGE_COMMANDS = "loses commands of an application above 12 kB";
const CALLS = 40;

function large(kilobytes: number): string {
  return Array.from({ length: kilobytes * 16 }, (_, line) => `line ${line} `.padEnd(62, "x") + "\r\n").join("");
}

/** Large and binary bodies, and many calls at a time. */
export const BODIES: readonly ConformanceCase[] = [
  ...(
    [
      ["udp", 15],
      ["tcp", 60],
    ] as const
  ).map(([transport, kilobytes]) => ({
    name: `a body of ${kilobytes} kB reaches the application, and as large an answer the peer (${transport})`,
    run: (rig: Rig) => largeIn(rig, transport, { request: kilobytes, answer: kilobytes }),
    differs: {
      drachtio: {
        row: LOSES_LARGE_COMMANDS,
        run: (rig: Rig) => largeIn(rig, transport, { request: kilobytes, answer: 10 }),
      },
    },
  })),
  {
    name: "a body of 60 kB of the application reaches the peer by TCP",
    run: (rig) => largeOut(rig, { request: 60, answer: 60 }),
    differs: { drachtio: { row: LOSES_LARGE_COMMANDS, run: (rig) => largeOut(rig, { request: 10, answer: 60 }) } },
  },
  {
    name: "bodies are counted in bytes: UTF-8 passes both ways",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      const words = "Grüße aus 香港 🙂";
      const bytes = Buffer.from(words, "utf8").toString("latin1"); // the peer speaks in bytes
      const request = peer.request("MESSAGE", { headers: ["Content-Type: text/plain;charset=utf-8"], body: bytes });
      const { req, res } = await app.received("MESSAGE");
      assert.equal(req.body, words);
      res.send(200, { headers: { "Content-Type": "text/plain;charset=utf-8" }, body: words });
      const answer = await peer.final(request);
      assert.equal(answer.body, bytes);
      assert.equal(answer.get("Content-Length"), String(bytes.length));
      const sent = await app.srf.request(peer.uri, {
        method: "MESSAGE",
        headers: { "Content-Type": "text/plain;charset=utf-8" },
        body: words,
      });
      const answered = finalResponse(sent);
      const out = await peer.next("MESSAGE");
      assert.equal(out.body, bytes);
      peer.respond(out, "200 OK", { tag: "peer" });
      await answered;
    },
  },
  {
    name: "two messages in one TCP segment, and one in many",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer("tcp");
      const texts = ["first", "second", "third"].map((body) => peer.requestText("MESSAGE", { body }));
      peer.send(texts.slice(0, 2).join(""));
      for (const part of texts[2]?.match(/[^]{1,40}/g) ?? []) {
        peer.send(part);
        await new Promise(setImmediate);
      }
      for (const body of ["first", "second", "third"]) {
        const { req, res } = await app.received("MESSAGE");
        assert.equal(req.body, body);
        res.send(200);
        await peer.next(200);
      }
    },
  },
  {
    name: "keepalive of CRLF between messages is no message (TCP)",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer("tcp");
      for (const body of ["hello", "again"]) {
        peer.send(peer.requestText("MESSAGE", { body }));
        const { req, res } = await app.received("MESSAGE");
        assert.equal(req.body, body);
        res.send(200);
        await peer.next(200);
        peer.send("\r\n\r\n");
      }
    },
  },
  {
    name: `${CALLS} calls at once are ${CALLS} dialogs`,
    run: async (rig) => {
      const app = await rig.application({ takes: ["invite"] });
      const peer = await rig.peer();
      const invites = Array.from({ length: CALLS }, () => sendInvite(peer));
      const answered = invites.map(async () => {
        const { req, res } = await app.received("INVITE");
        return app.srf.createUAS(req, res, { localSdp: APP_SDP });
      });
      const dialogs = await Promise.all(answered);
      assert.equal(new Set(dialogs.map(({ id }) => id)).size, CALLS);
      await Promise.all(
        invites.map(async (invite) => {
          const peerDialog = dialogOfCaller(invite, await peer.final(invite));
          peer.within(peerDialog, "ACK");
          const dialog = dialogs.find(({ sip }) => sip.callId === invite.get("Call-ID"));
          assert.ok(dialog);
          const ended = nextEvent(dialog, "destroy");
          assert.equal((await peer.final(peer.within(peerDialog, "BYE"))).status, 200);
          await ended;
        }),
      );
    },
  },
  {
    name: "a call by TCP goes on over a new connection when the first is lost",
    run: async (rig) => {
      const { dialog, peer, peerDialog } = await callIn(rig, { transport: "tcp" });
      peer.cut();
      const ended = nextEvent(dialog, "destroy");
      const bye = peer.within(peerDialog, "BYE");
      await ended;
      assert.equal((await peer.final(bye)).status, 200);
    },
  },
  {
    name: "the application reaches the Contact of a TCP call whose connection is lost",
    run: async (rig) => {
      const { dialog, peer } = await callIn(rig, { transport: "tcp" });
      peer.cut();
      const other = await rig.peer();
      await other.final(other.request("CANCEL")); // the engine has seen the end: what crosses it on the way is lost
      const ended = dialog.destroy();
      peer.respond(await peer.next("BYE"), "200 OK");
      await ended;
    },
  },
];

interface Kilobytes {
  readonly request: number;
  readonly answer: number;
}

async function largeIn(rig: Rig, transport: PeerTransport, kilobytes: Kilobytes): Promise<void> {
  const app = await rig.application({ takes: ["message"] });
  const peer = await rig.peer(transport);
  const body = large(kilobytes.request);
  const request = peer.request("MESSAGE", { headers: ["Content-Type: text/plain"], body });
  const { req, res } = await app.received("MESSAGE");
  assert.equal(req.body, body);
  res.send(200, { headers: { "Content-Type": "text/plain" }, body: large(kilobytes.answer) });
  assert.equal((await peer.final(request)).body, large(kilobytes.answer));
}

async function largeOut(rig: Rig, kilobytes: Kilobytes): Promise<void> {
  const app = await rig.application();
  const peer = await rig.peer("tcp");
  const body = large(kilobytes.request);
  const sent = await app.srf.request(peer.uri, { method: "MESSAGE", headers: { "Content-Type": "text/plain" }, body });
  const answered = finalResponse(sent);
  const request = await peer.next("MESSAGE");
  assert.equal(request.body, body);
  const answer = large(kilobytes.answer);
  peer.respond(request, "200 OK", { tag: "peer", headers: ["Content-Type: text/plain"], body: answer });
  assert.equal((await answered).body, answer);
}
