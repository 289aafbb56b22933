import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { nextEvent } from "../support/application.ts";
import type { AppResponse } from "../support/application.ts";
import { APP_SDP, callOut } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { sequenceOf, tagOf, uriOf } from "../../support/peer/message.ts";
import { SDP, SDP_TYPE, branchOf } from "../../support/peer/peer.ts";
import type { Address } from "../../support/peer/peer-socket.ts";
import type { Rig } from "../support/rig.ts";

/** Calls from an application to a peer. */
export const CALLS_OUT: readonly ConformanceCase[] = [
  ...(["udp", "tcp"] as const).map((transport) => ({
    name: `answered by the peer, ended by it (${transport})`,
    run: async (rig: Rig) => {
      const { dialog, peer, peerDialog, invite, ok } = await callOut(rig, {
        transport,
        headers: { "X-Custom": "a value, with a comma", Subject: "hello" },
      });
      const { host, port } = rig.engine.sip;
      assert.equal(invite.startLine, `INVITE ${peer.uri} SIP/2.0`);
      assert.equal(invite.body, APP_SDP);
      assert.equal(invite.get("Content-Type"), "application/sdp");
      assert.equal(invite.get("X-Custom"), "a value, with a comma");
      assert.equal(invite.get("Subject"), "hello");
      assert.equal(invite.get("Max-Forwards"), "70");
      assert.ok(uriOf(invite.get("Contact")).includes(`${host}:${port}`), invite.get("Contact"));
      assert.ok(branchOf(invite).startsWith("z9hG4bK"));
      assert.equal(dialog.sip.callId, invite.get("Call-ID"));
      assert.equal(dialog.sip.localTag, tagOf(invite.get("From")));
      assert.equal(dialog.sip.remoteTag, tagOf(ok.get("To")));
      assert.equal(dialog.remote.sdp, SDP);
      const ended = nextEvent(dialog, "destroy");
      const bye = peer.within(peerDialog, "BYE");
      await ended;
      assert.equal((await peer.final(bye)).status, 200);
    },
  })),
  ...(["udp", "tcp"] as const).map((transport) => ({
    name: `answered by the peer, ended by the application (${transport})`,
    run: async (rig: Rig) => {
      const { dialog, peer, invite, ok } = await callOut(rig, { transport });
      const ended = dialog.destroy();
      const bye = await peer.next("BYE");
      assert.equal(bye.startLine, `BYE ${peer.uri} SIP/2.0`);
      assert.equal(bye.get("From"), invite.get("From"));
      assert.equal(bye.get("To"), ok.get("To"));
      assert.equal(sequenceOf(bye), sequenceOf(invite) + 1);
      peer.respond(bye, "200 OK");
      await ended;
    },
  })),
  {
    name: "the ACK of a 2xx: to the Contact, with a branch of its own and the number of the INVITE",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const calling = app.srf.createUAC(peer.uri, { localSdp: APP_SDP });
      const invite = await peer.next("INVITE");
      const contact = `<sip:desk@${peer.address.host}:${peer.address.port};x=1>`;
      peer.respond(invite, "200 OK", { tag: "callee", contact, headers: [SDP_TYPE], body: SDP });
      const ack = await peer.next("ACK");
      assert.equal(ack.startLine, `ACK ${uriOf(contact)} SIP/2.0`);
      assert.notEqual(branchOf(ack), branchOf(invite));
      assert.equal(sequenceOf(ack), sequenceOf(invite));
      assert.equal((await calling).remote.uri, uriOf(contact));
    },
  },
  {
    name: "provisional answers reach the application with headers and bodies",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const provisionals: AppResponse[] = [];
      const calling = app.srf.createUAC(
        peer.uri,
        { localSdp: APP_SDP },
        { cbProvisional: (response) => provisionals.push(response) },
      );
      const invite = await peer.next("INVITE");
      peer.respond(invite, "100 Trying", { contact: false });
      peer.respond(invite, "180 Ringing", { tag: "callee", headers: ["X-Step: ringing"] });
      peer.respond(invite, "183 Session Progress", { tag: "callee", headers: [SDP_TYPE], body: SDP });
      peer.respond(invite, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
      await calling;
      await peer.next("ACK");
      assert.deepEqual(
        provisionals.map(({ status, body }) => [status, body]),
        [
          [180, ""],
          [183, SDP],
        ],
      );
      assert.equal(provisionals[0]?.get("X-Step"), "ringing");
    },
  },
  ...["302 Moved Temporarily", "404 Not Found", "486 Busy Here", "503 Service Unavailable", "603 Decline"].map(
    (line) => ({
      name: `refused by the peer with ${line}: acknowledged on the INVITE's branch, and told`,
      run: async (rig: Rig) => {
        const app = await rig.application();
        const peer = await rig.peer();
        const calling = app.srf.createUAC(peer.uri, { localSdp: APP_SDP });
        const [status = "", ...reason] = line.split(" ");
        const refused = assert.rejects(calling, { status: Number(status), reason: reason.join(" ") });
        const invite = await peer.next("INVITE");
        const refusal = peer.respond(invite, line, { tag: "callee" });
        const ack = await peer.next("ACK");
        assert.equal(branchOf(ack), branchOf(invite));
        assert.equal(ack.get("To"), refusal.get("To"));
        assert.equal(sequenceOf(ack), sequenceOf(invite));
        await refused;
      },
    }),
  ),
  {
    name: "a 2xx that comes again is acknowledged again, and the application hears it once",
    run: async (rig) => {
      const { app, peer, invite, ok, ack } = await callOut(rig);
      peer.replyTo(invite, ok.text);
      await Promise.race([peer.next("ACK"), peer.nextCopy(ack)]); // its branch may be another one
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "a refusal that comes again is acknowledged again",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const refused = assert.rejects(app.srf.createUAC(peer.uri, { localSdp: APP_SDP }), { status: 486 });
      const invite = await peer.next("INVITE");
      const busy = peer.respond(invite, "486 Busy Here", { tag: "callee" });
      const ack = await peer.next("ACK");
      peer.replyTo(invite, busy.text);
      await peer.nextCopy(ack);
      await refused;
    },
  },
  {
    name: "an INVITE without answer is repeated, then 408 is told (UDP)",
    timers: "short",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const refused = assert.rejects(app.srf.createUAC(peer.uri, { localSdp: APP_SDP }), { status: 408 });
      const invite = await peer.next("INVITE");
      await peer.nextCopy(invite);
      await peer.nextCopy(invite);
      await refused;
    },
  },
  {
    name: "a request without answer is repeated, then 408 is told (UDP)",
    timers: "short",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const request = await app.srf.request(peer.uri, { method: "OPTIONS" });
      const { promise, resolve } = Promise.withResolvers<number>();
      request.on("response", ({ status }: AppResponse) => resolve(status));
      const options = await peer.next("OPTIONS");
      await peer.nextCopy(options);
      await peer.nextCopy(options);
      assert.equal(await promise, 408);
    },
  },
  ...[401, 407].map((status) => ({
    name: `a challenge (${status}) is answered by createUAC with its credentials`,
    run: (rig: Rig) => answersChallenge(rig, status),
  })),
  {
    name: "a second challenge reaches the application",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const auth = { username: "1000", password: "wrong" };
      const refused = assert.rejects(app.srf.createUAC(peer.uri, { localSdp: APP_SDP, auth }), { status: 401 });
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const invite = await peer.next("INVITE");
        const challenge = `WWW-Authenticate: Digest realm="here", nonce="n${attempt}", algorithm=MD5, qop="auth"`;
        peer.respond(invite, "401 Unauthorized", { tag: `t${attempt}`, headers: [challenge] });
        await peer.next("ACK");
      }
      await refused;
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "From, To, Call-ID, CSeq, Max-Forwards and Contact of the application stand",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const headers = {
        From: '"Head Office" <sip:1000@office.test>',
        To: "<sip:4000@branch.test>",
        "Call-ID": "chosen-by-the-application",
        CSeq: "77 INVITE",
        "Max-Forwards": "12",
        Contact: "<sip:desk@office.test:5999;x=1>",
      };
      const refused = assert.rejects(app.srf.createUAC(peer.uri, { localSdp: APP_SDP, headers }), { status: 486 });
      const invite = await peer.next("INVITE");
      assert.match(invite.get("From"), /^"Head Office" <sip:1000@office.test>;tag=./);
      for (const name of ["To", "Call-ID", "CSeq", "Max-Forwards", "Contact"] as const) {
        assert.equal(invite.get(name), headers[name], name);
      }
      peer.respond(invite, "486 Busy Here", { tag: "callee" });
      await peer.next("ACK");
      await refused;
    },
  },
  {
    name: "an IP address in the application's Contact stands",
    run: (rig) => callsWithContact(rig, () => "<sip:desk@127.0.0.9:5999>"),
    differs: {
      drachtio: {
        row: "puts its own address in the place of another IP address in Contact",
        run: (rig) => callsWithContact(rig, ({ host, port }) => `<sip:desk@${host}:${port};transport=udp>`),
      },
    },
  },
  {
    name: "localhost in From and Contact is the engine's address",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const { host } = rig.engine.sip;
      const headers = { From: "<sip:1000@localhost>", Contact: "<sip:desk@localhost>" };
      const refused = assert.rejects(app.srf.createUAC(peer.uri, { localSdp: APP_SDP, headers }), { status: 486 });
      const invite = await peer.next("INVITE");
      assert.ok(uriOf(invite.get("From")).startsWith(`sip:1000@${host}`), invite.get("From"));
      assert.ok(uriOf(invite.get("Contact")).startsWith(`sip:desk@${host}`), invite.get("Contact"));
      peer.respond(invite, "486 Busy Here", { tag: "callee" });
      await peer.next("ACK");
      await refused;
    },
  },
  {
    name: "with a proxy of the application the request goes there, and its Request-URI stays",
    run: async (rig) => {
      const app = await rig.application();
      const proxy = await rig.peer();
      const uri = "sip:4000@far-away.test";
      const calling = app.srf.createUAC(uri, { localSdp: APP_SDP, proxy: proxy.uri });
      const refused = assert.rejects(calling, { status: 404 });
      const invite = await proxy.next("INVITE");
      assert.equal(invite.startLine, `INVITE ${uri} SIP/2.0`);
      proxy.respond(invite, "404 Not Found", { tag: "callee" });
      await proxy.next("ACK");
      await refused;
    },
  },
  {
    name: "the Record-Route of the answer is the way of ACK and BYE",
    run: async (rig) => {
      const app = await rig.application();
      const [peer, proxy] = await Promise.all([rig.peer(), rig.peer()]);
      const { host, port } = proxy.address;
      const near = `<sip:${host}:${port};lr>`;
      const far = "<sip:far@127.0.0.1;lr>";
      const calling = app.srf.createUAC(peer.uri, { localSdp: APP_SDP });
      const invite = await peer.next("INVITE");
      const headers = [SDP_TYPE, `Record-Route: ${far}`, `Record-Route: ${near}`];
      peer.respond(invite, "200 OK", { tag: "callee", headers, body: SDP });
      const ack = await proxy.next("ACK");
      const ended = (await calling).destroy();
      const bye = await proxy.next("BYE");
      for (const request of [ack, bye]) {
        assert.equal(request.startLine.split(" ")[1], peer.uri);
        assert.deepEqual(
          request.all("Route").flatMap((value) => value.split(/,\s*/)),
          [near, far],
        );
      }
      proxy.respond(bye, "200 OK");
      await ended;
    },
  },
];

async function callsWithContact(rig: Rig, seen: (sip: Address) => string): Promise<void> {
  const app = await rig.application();
  const peer = await rig.peer();
  const headers = { Contact: "<sip:desk@127.0.0.9:5999>" };
  const refused = assert.rejects(app.srf.createUAC(peer.uri, { localSdp: APP_SDP, headers }), { status: 486 });
  const invite = await peer.next("INVITE");
  assert.equal(invite.get("Contact"), seen(rig.engine.sip));
  peer.respond(invite, "486 Busy Here", { tag: "callee" });
  await peer.next("ACK");
  await refused;
}

async function answersChallenge(rig: Rig, status: number): Promise<void> {
  const app = await rig.application();
  const peer = await rig.peer();
  const auth = { username: "1000", password: "secret" };
  const calling = app.srf.createUAC(peer.uri, { localSdp: APP_SDP, auth });
  const first = await peer.next("INVITE");
  const [asks, answers] =
    status === 401 ? ["WWW-Authenticate", "Authorization"] : ["Proxy-Authenticate", "Proxy-Authorization"];
  const challenge = `${asks}: Digest realm="here", nonce="n1", algorithm=MD5, qop="auth"`;
  peer.respond(first, `${status} Who Are You`, { tag: "gate", headers: [challenge] });
  assert.equal(branchOf(await peer.next("ACK")), branchOf(first));
  const second = await peer.next("INVITE");
  assert.equal(second.get("Call-ID"), first.get("Call-ID"));
  assert.equal(tagOf(second.get("From")), tagOf(first.get("From")));
  assert.equal(sequenceOf(second), sequenceOf(first) + 1);
  assert.equal(second.body, APP_SDP);
  assertDigest(second.get(answers), auth.password);
  peer.respond(second, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
  await peer.next("ACK");
  const ended = (await calling).destroy();
  peer.respond(await peer.next("BYE"), "200 OK");
  await ended;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** RFC 2617 §3.2.2.1 with qop. */
function assertDigest(credentials: string, password: string): void {
  const value = (name: string): string =>
    new RegExp(`[ ,]${name}="?([^",]*)"?`).exec(credentials)?.[1] ?? `no ${name} in ${credentials}`;
  const ha1 = md5(`${value("username")}:${value("realm")}:${password}`);
  const ha2 = md5(`INVITE:${value("uri")}`);
  const middle = [value("nonce"), value("nc"), value("cnonce"), value("qop")].join(":");
  assert.equal(value("username"), "1000");
  assert.equal(value("nonce"), "n1");
  assert.equal(value("response"), md5(`${ha1}:${middle}:${ha2}`));
}
