import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@mss/runtime";
import { createDigestGuard } from "@mss/call-control";
import { ANSWER, OFFER, plan, startNode, step, target } from "./support/node-under-test.ts";

const CREDENTIALS = { realm: "acme", username: "hk", secret: "trunk" };

const sequence = (text: string | undefined): number => Number.parseInt(text ?? "", 10);

test("a trunk's challenge is answered once, and the next call is signed at once", async (context) => {
  const node = await startNode(context, { plan: plan([step(target("hub:hub-1", { credentials: CREDENTIALS }))]) });
  node.engine.inject({ body: OFFER });
  const first = await node.engine.sent();
  assert.equal(first.request.headers.get("Proxy-Authorization"), undefined);
  first.respond(407, {
    headers: { "Proxy-Authenticate": 'Digest realm="acme", nonce="n1", qop="auth", algorithm=SHA-256' },
  });
  const second = await node.engine.sent();
  const signed = second.request.headers.get("Proxy-Authorization") ?? "";
  assert.match(signed, /username="hk".*nonce="n1".*uri="sip:4000@127\.16\.2\.1:5060".*nc=00000001/);
  assert.equal(second.request.headers.get("Call-ID"), first.request.headers.get("Call-ID"));
  assert.equal(second.request.headers.get("From"), first.request.headers.get("From"));
  assert.equal(sequence(second.request.headers.get("CSeq")), sequence(first.request.headers.get("CSeq")) + 1);
  assert.equal(second.request.body, OFFER);

  node.engine.inject({ body: OFFER });
  const next = await node.engine.sent();
  assert.match(next.request.headers.get("Proxy-Authorization") ?? "", /nonce="n1".*nc=00000002/);
});

test("SEC-26: a trunk that challenges for ever gets two INVITEs and no more", async (context) => {
  const node = await startNode(context, { plan: plan([step(target("hub:hub-1", { credentials: CREDENTIALS }))]) });
  const caller = node.engine.inject({ body: OFFER });
  for (const nonce of ["n1", "n2"]) {
    (await node.engine.sent()).respond(401, {
      headers: { "WWW-Authenticate": `Digest realm="acme", nonce="${nonce}", qop="auth", stale=true, algorithm=MD5` },
    });
  }
  assert.equal((await caller.response()).status, 503);
  assert.equal((await node.record()).code, "TARGET_CHALLENGED");
  assert.equal(node.engine.unseen, 0);
});

test("OPTIONS and REGISTER of ours are signed and answered; silence is a timeout", async (context) => {
  const { engine, control } = await startNode(context);
  const registered = control.request({
    method: "REGISTER",
    uri: "sip:127.16.2.1",
    headers: { from: "<sip:hk@localhost>", Expires: "60" },
    credentials: CREDENTIALS,
    timeoutMs: 2000,
  });
  (await engine.sent()).respond(401, { headers: { "WWW-Authenticate": 'Digest realm="acme", nonce="n", qop="auth"' } });
  const second = await engine.sent();
  assert.match(second.request.headers.get("Authorization") ?? "", /username="hk"/);
  assert.deepEqual(second.request.headers.all("From").length, 1);
  second.respond(200, { headers: { Expires: "60" } });
  const outcome = await registered;
  assert.ok(outcome.kind === "answered");
  assert.deepEqual([outcome.status, outcome.header("expires")], [200, "60"]);

  const silent = control.request({ method: "OPTIONS", uri: "sip:127.16.2.9", timeoutMs: 20 });
  await engine.sent();
  assert.deepEqual(await silent, { kind: "failed", failure: "timeout", reason: "no final response in time" });
  const unfit = await control.request({ method: "OPTIONS", uri: "sip:a b", timeoutMs: 20 });
  assert.equal(unfit.kind === "failed" && unfit.failure, "unsent");
});

test("methods without a handler are 405 with Allow, and a handler that throws is 500", async (context) => {
  const { engine } = await startNode(context, {
    handlers: {
      options: () => {
        throw new Error("broken");
      },
      message: (request) => request.reply(202),
    },
  });
  for (const method of ["SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "INFO", "UPDATE", "REGISTER"]) {
    const answer = await engine.inject({ method }).response();
    assert.equal(answer.status, 405, method);
    assert.match(answer.headers.get("Allow") ?? "", /^INVITE, ACK, CANCEL, BYE/);
  }
  assert.equal((await engine.inject({ method: "OPTIONS" }).response()).status, 500);
  assert.equal((await engine.inject({ method: "MESSAGE", body: "hello" }).response()).status, 202);
});

test("a reply that is not fit to be sent becomes 500, and a second one is dropped", async (context) => {
  const { engine } = await startNode(context, {
    handlers: {
      options: (request) => {
        request.reply(200, { headers: { "X-Bad": "a\r\nVia: evil" } });
        request.reply(200);
      },
      message: (request) => request.reply(299.5),
    },
  });
  const answer = await engine.inject({ method: "OPTIONS" }).response();
  assert.deepEqual([answer.status, answer.headers.all("Via").length], [500, 0]);
  assert.equal((await engine.inject({ method: "MESSAGE" }).response()).status, 500);
});

test("SEC-06: an incoming request shows its parts, its transport source, and nothing of what Via claims", async (context) => {
  const seen = Promise.withResolvers<unknown>();
  const { engine } = await startNode(context, {
    handlers: {
      other: (request) => {
        const { method, called, from, to, source, cseq, body } = request;
        seen.resolve({ method, called, from, to, source, cseq, body, event: request.header("event") });
        request.reply(489);
      },
    },
  });
  engine.inject({
    method: "SUBSCRIBE",
    uri: "sip:%34000;ext=1@127.16.0.1",
    from: '"A \\"q\\"" <sip:1000@hk.example;user=phone>;tag=t1',
    headers: { Event: "presence" },
    source: { host: "127.16.7.7", port: 6000 },
    body: "x",
  });
  assert.deepEqual(await seen.promise, {
    method: "SUBSCRIBE",
    called: "4000",
    from: { displayName: 'A "q"', uri: "sip:1000@hk.example;user=phone", user: "1000", host: "hk.example", tag: "t1" },
    to: { uri: "sip:4000@127.16.0.1", user: "4000", host: "127.16.0.1" },
    source: { transport: "udp", host: "127.16.7.7", port: 6000 },
    cseq: 1,
    body: "x",
    event: "presence",
  });
});

test("a guard in front of the route challenges with one header per algorithm", async (context) => {
  const guard = createDigestGuard({ realm: "hk", log: silentLog(), status: 407 });
  const { engine } = await startNode(context, {
    route: async (invite) => {
      const outcome = await guard.check(invite, () => "secret");
      assert.ok(outcome.kind === "challenge");
      return { kind: "reply", status: outcome.status, headers: outcome.headers };
    },
  });
  const answer = await engine.inject({ body: OFFER }).response();
  assert.deepEqual([answer.status, answer.headers.all("Proxy-Authenticate").length], [407, 2]);
});

test("the identity shown, the Session-ID and asserted identity go where the plan says", async (context) => {
  const sessionId = "0123456789abcdef".repeat(2);
  const trusted = plan(
    [
      step(
        target("branch:london", {
          trusted: true,
          proxy: "sip:127.16.3.1:5070",
          headers: { "P-Asserted-Identity": "<sip:told@hk>" },
        }),
        target("extension:4001"),
      ),
    ],
    { origin: "branch:hk", trusted: true, callerId: { user: "8521000", displayName: "HK" } },
  );
  const node = await startNode(context, { plan: trusted });
  node.engine.inject({
    body: OFFER,
    headers: {
      "Session-ID": `${sessionId};remote=0`,
      "P-Asserted-Identity": "<sip:1000@hk>",
      Diversion: "<sip:1001@hk>",
    },
  });
  const [peer, phone] = [await node.engine.sent(), await node.engine.sent()];
  assert.equal(peer.proxy, "sip:127.16.3.1:5070");
  assert.equal(peer.request.headers.get("Session-ID"), `${sessionId};remote=${"0".repeat(32)}`);
  assert.equal(peer.request.headers.get("P-Asserted-Identity"), "<sip:told@hk>");
  assert.equal(peer.request.headers.get("Diversion"), "<sip:1001@hk>");
  assert.match(phone.request.headers.get("From") ?? "", /^"HK" <sip:8521000@localhost>/);
  for (const name of ["Session-ID", "P-Asserted-Identity", "Diversion"]) {
    assert.equal(phone.request.headers.get(name), undefined);
  }
  assert.equal(node.control.activeCalls()[0]?.sessionId, sessionId);
});

test("a Session-ID of an untrusted caller is not believed", async (context) => {
  const node = await startNode(context);
  node.engine.inject({ body: OFFER, headers: { "Session-ID": "f".repeat(32) } });
  await node.engine.sent();
  assert.notEqual(node.control.activeCalls()[0]?.sessionId, "f".repeat(32));
});

test("SDP with characters outside of ASCII crosses with the right length", async (context) => {
  const node = await startNode(context);
  const offer = OFFER.replace("s=-", `s=${Buffer.from("Büro 東京", "utf8").toString("latin1")}`);
  const caller = node.engine.inject({ body: offer });
  const callee = await node.engine.sent();
  assert.equal(callee.request.body, offer);
  callee.respond(200, { body: ANSWER });
  assert.equal((await caller.response()).body, ANSWER);
});
