import assert from "node:assert/strict";
import { finalResponse } from "../support/application.ts";
import type { AppResponse } from "../support/application.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { sequenceOf, tagOf } from "../../support/peer/message.ts";
import { branchOf } from "../../support/peer/peer.ts";
import type { PeerTransport } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";

/** Requests outside of dialogs, from an application to a peer. */
export const REQUESTS_OUT: readonly ConformanceCase[] = [
  ...["OPTIONS", "MESSAGE", "INFO", "REGISTER", "PUBLISH", "NOTIFY"].map((method) => ({
    name: `${method} reaches the peer complete, and its answer the application`,
    run: passes(method, "udp"),
  })),
  ...["OPTIONS", "MESSAGE"].map((method) => ({
    name: `${method} to a URI with transport=tcp goes by TCP`,
    run: passes(method, "tcp"),
  })),
  {
    name: "a refusal reaches the application with its reason and headers",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const request = await app.srf.request(peer.uri, { method: "MESSAGE" });
      const answered = finalResponse(request);
      const headers = ["Retry-After: 7", "X-Reason: moved away"];
      peer.respond(await peer.next("MESSAGE"), "480 Gone For Lunch", { tag: "peer", headers });
      const answer = await answered;
      assert.equal(answer.status, 480);
      assert.equal(answer.reason, "Gone For Lunch");
      assert.equal(answer.get("Retry-After"), "7");
      assert.equal(answer.get("X-Reason"), "moved away");
    },
  },
  {
    name: "a provisional answer to a request that is no INVITE reaches the application, too",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const request = await app.srf.request(peer.uri, { method: "MESSAGE" });
      const statuses: number[] = [];
      request.on("response", ({ status }: AppResponse) => statuses.push(status));
      const answered = finalResponse(request);
      const message = await peer.next("MESSAGE");
      peer.respond(message, "183 In Progress", { tag: "peer" });
      peer.respond(message, "200 OK", { tag: "peer" });
      await answered;
      assert.deepEqual(statuses, [183, 200]);
    },
  },
  {
    name: "a final answer that comes again is told once",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const request = await app.srf.request(peer.uri, { method: "MESSAGE" });
      const statuses: number[] = [];
      request.on("response", ({ status }: AppResponse) => statuses.push(status));
      const answered = finalResponse(request);
      const message = await peer.next("MESSAGE");
      const ok = peer.respond(message, "200 OK", { tag: "peer" });
      peer.replyTo(message, ok.text);
      await answered;
      await rig.nothingElseCame(app, peer);
      assert.deepEqual(statuses, [200]);
    },
  },
  {
    name: "an answer with another branch is nobody's",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const request = await app.srf.request(peer.uri, { method: "MESSAGE" });
      const answered = finalResponse(request);
      const message = await peer.next("MESSAGE");
      const forged = peer.responseText(message, "404 Not Found", { tag: "forged" });
      peer.replyTo(message, forged.replace(branchOf(message), "z9hG4bKforged"));
      peer.respond(message, "200 OK", { tag: "peer" });
      assert.equal((await answered).status, 200);
    },
  },
  {
    name: "a challenge is answered with the credentials of the request",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer();
      const auth = { username: "1000", password: "secret" };
      const request = await app.srf.request(peer.uri, { method: "REGISTER", auth });
      const answered = finalResponse(request);
      const first = await peer.next("REGISTER");
      const challenge = 'WWW-Authenticate: Digest realm="here", nonce="n1", algorithm=MD5, qop="auth"';
      peer.respond(first, "401 Unauthorized", { tag: "gate", headers: [challenge] });
      const second = await peer.next("REGISTER");
      assert.match(second.get("Authorization"), /username="1000"/);
      assert.equal(second.get("Call-ID"), first.get("Call-ID"));
      assert.equal(sequenceOf(second), sequenceOf(first) + 1);
      peer.respond(second, "200 OK", { tag: "registrar" });
      assert.equal((await answered).status, 200);
    },
  },
  {
    name: "a request to the engine itself is not sent",
    run: async (rig) => {
      const app = await rig.application();
      const { host, port } = rig.engine.sip;
      await assert.rejects(app.srf.request(`sip:me@${host}:${port}`, { method: "OPTIONS" }), /myself/);
    },
  },
  {
    name: "a port where nobody listens is an answer to the application (TCP)",
    timers: "short",
    run: async (rig) => {
      const app = await rig.application();
      const peer = await rig.peer("tcp");
      const { uri } = peer;
      await peer.close();
      const request = await app.srf.request(uri, { method: "OPTIONS" });
      const { status } = await finalResponse(request);
      assert.ok(status === 503 || status === 408, String(status));
    },
    skip: { drachtio: "0.9.10 told the application nothing within a minute when a TCP connection was refused" },
  },
];

function passes(method: string, transport: PeerTransport): ConformanceCase["run"] {
  return async (rig: Rig) => {
    const app = await rig.application();
    const peer = await rig.peer(transport);
    const body = `a body of ${method}`;
    const sent = await app.srf.request(peer.uri, {
      method,
      headers: {
        Subject: "hello",
        "X-Custom": "some Value, with a comma",
        "Content-Type": "text/plain",
        Event: "presence",
        "Subscription-State": "active",
      },
      body,
    });
    const answered = finalResponse(sent);
    const request = await peer.next(method);
    const { host, port } = rig.engine.sip;
    assert.equal(request.startLine, `${method} ${peer.uri} SIP/2.0`);
    assert.match(request.get("Via"), new RegExp(`^SIP/2.0/${transport.toUpperCase()} ${host}(?::${port})?;`));
    assert.ok(branchOf(request).startsWith("z9hG4bK"));
    assert.equal(request.get("Max-Forwards"), "70");
    assert.notEqual(tagOf(request.get("From")), "");
    assert.equal(tagOf(request.get("To")), "");
    assert.match(request.get("CSeq"), new RegExp(`^\\d+ ${method}$`));
    assert.equal(request.get("Subject"), "hello");
    assert.equal(request.get("X-Custom"), "some Value, with a comma");
    assert.equal(request.get("Content-Type"), "text/plain");
    assert.equal(request.body, body);
    for (const name of ["Call-ID", "CSeq", "From"]) {
      assert.equal(sent.get(name), request.get(name), `${name}, as the application is told`);
    }
    peer.respond(request, "202 Accepted", {
      tag: "peer",
      headers: ["X-Answer: yes", "Content-Type: text/plain"],
      body: "an answer",
    });
    const answer = await answered;
    assert.equal(answer.status, 202);
    assert.equal(answer.get("X-Answer"), "yes");
    assert.equal(answer.body, "an answer");
    assert.equal(tagOf(answer.get("To")), "peer");
  };
}
