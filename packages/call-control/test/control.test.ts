import assert from "node:assert/strict";
import { test } from "node:test";
import type { LeaseStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { CallError, createCallControl, createDigestGuard, createSipServer } from "@mss/call-control";
import { establish } from "./support/established.ts";
import { ANSWER, OFFER, plan, startNode, step, target } from "./support/node-under-test.ts";
import { WireEngine } from "./support/wire-engine.ts";

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

test("a trunk that challenges for ever gets two INVITEs and no more", async (context) => {
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

test("an incoming request shows its parts, its transport source, and nothing of what Via claims", async (context) => {
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

test("a node that drains refuses new calls and ends the old ones at the limit", async (context) => {
  const call = await establish(context);
  const drained = call.node.control.drain(20);
  const refused = await call.node.engine.inject({ body: OFFER }).response();
  assert.deepEqual([refused.status, refused.headers.get("Retry-After")], [503, "5"]);
  const byes = [await call.node.engine.sent(), await call.node.engine.sent()];
  assert.deepEqual(new Set(byes.map(({ dialogId }) => dialogId)), new Set([call.calleeDialog, call.callerDialog]));
  await drained;
  const record = await call.node.record();
  assert.deepEqual([record.result, record.endedBy], ["answered", "system"]);
  assert.deepEqual(call.node.control.activeCalls(), []);
});

test("a drain without calls is done at once, and one whose calls end does not wait for the limit", async (context) => {
  const idle = await startNode(context);
  await idle.control.drain(60_000);
  const call = await establish(context);
  const drained = call.node.control.drain(60_000);
  call.fromCaller({ method: "BYE" });
  await drained;
});

test("the most calls at once is a limit", async (context) => {
  const node = await startNode(context, { limits: { maxCalls: 1, retryAfterSeconds: 7 } });
  const first = node.engine.inject({ body: OFFER });
  await node.engine.sent();
  const refused = await node.engine.inject({ body: OFFER }).response();
  assert.deepEqual([refused.status, refused.headers.get("Retry-After")], [503, "7"]);
  first.cancel();
  await node.record();
  node.engine.inject({ body: OFFER });
  assert.equal((await node.engine.sent()).request.method, "CANCEL");
  assert.equal((await node.engine.sent()).request.method, "INVITE");
});

function leaseStore(change: Partial<LeaseStore> = {}): LeaseStore & { readonly held: Set<string> } {
  const held = new Set<string>();
  return {
    held,
    acquire: async (_key, leaseId, { limit }) => {
      if (held.size >= limit) {
        return { kind: "full", inUse: held.size };
      }
      held.add(leaseId);
      return { kind: "granted" };
    },
    renew: () => Promise.resolve([]),
    release: async (_key, leaseId) => {
      held.delete(leaseId);
    },
    inUse: () => Promise.resolve(held.size),
    ...change,
  };
}

test("a call holds its trunk's slot until it is over, and a full trunk is 503", async (context) => {
  const leases = leaseStore();
  const lease = { key: "trunk:hk", limit: 1 };
  const node = await startNode(context, { leases, plan: plan([step(target())], { leases: [lease] }) });
  const first = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  assert.equal(leases.held.size, 1);
  const full = await node.engine.inject({ body: OFFER }).response();
  assert.equal(full.status, 503);
  assert.equal((await node.record()).code, "TRUNK_FULL");
  callee.respond(486);
  assert.equal((await first.response()).status, 486);
  assert.equal(leases.held.size, 0);
});

test("a target whose trunk is full is passed over for the next step", async (context) => {
  const lease = { key: "trunk:london", limit: 0 };
  const steps = [step(target("branch:london", { lease })), step(target("line:carrier"))];
  const node = await startNode(context, { leases: leaseStore(), plan: plan(steps) });
  node.engine.inject({ body: OFFER });
  await node.engine.sent();
  assert.equal(node.control.activeCalls()[0]?.target, "line:carrier");
});

test("a lease store that is away does not stop calls: this process counts by itself", async (context) => {
  const leases = leaseStore({
    acquire: () => Promise.reject(new Error("away")),
    release: () => Promise.reject(new Error("away")),
  });
  const node = await startNode(context, {
    leases,
    plan: plan([step(target())], { leases: [{ key: "trunk:hk", limit: 1 }] }),
  });
  const first = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  assert.equal((await node.engine.inject({ body: OFFER }).response()).status, 503);
  callee.respond(486);
  await first.response();
  node.engine.inject({ body: OFFER });
  assert.equal((await node.engine.sent()).request.method, "INVITE");
});

test("a sink that fails touches no call, and each call has one record", async (context) => {
  let given = 0;
  const node = await startNode(context, {
    onRecord: () => {
      given += 1;
      throw new Error("disk full");
    },
  });
  for (let call = 0; call < 3; call += 1) {
    const caller = node.engine.inject({ body: OFFER });
    (await node.engine.sent()).respond(486);
    assert.equal((await caller.response()).status, 486);
  }
  assert.equal(given, 3);
});

test("the link goes down: calls are recorded, pending requests settle, and the dialogs are ended when it is back", async (context) => {
  const call = await establish(context);
  const { engine, control } = call.node;
  const ringing = engine.inject({ body: OFFER });
  const callee = await engine.sent();
  callee.respond(180);
  await ringing.response();
  const probe = control.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 60_000 });
  await engine.sent();

  const states: string[] = [];
  const isUp = new Promise<void>((resolve) => {
    control.onLink((state) => {
      states.push(state);
      if (state === "up") {
        resolve();
      }
    });
  });
  engine.cut();
  assert.deepEqual((await probe).kind, "failed");
  const records = [await call.node.record(), await call.node.record()];
  assert.deepEqual(
    records.map(({ code, endedBy }) => [code, endedBy]),
    [
      ["ENGINE_LINK_LOST", "system"],
      ["ENGINE_LINK_LOST", "system"],
    ],
  );
  assert.deepEqual(
    records.map(({ result }) => result),
    ["answered", "failed"],
  );
  assert.equal(control.linkState, "down");
  assert.equal((await control.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 100 })).kind, "failed");

  await isUp;
  assert.deepEqual(states, ["down", "up"]);
  const byes = [await engine.sent(), await engine.sent()];
  assert.deepEqual(
    byes.map(({ request }) => request.method),
    ["BYE", "BYE"],
  );
  engine.inject({ body: OFFER });
  assert.equal((await engine.sent()).request.method, "INVITE");
});

test("an engine that does not say whether it has sent is given up", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const engine = new WireEngine();
  await engine.start();
  const server = createSipServer({ engine: engine.address, log: silentLog(), handlers: {} });
  await server.start();
  engine.silent = true;
  const outcome = server.request({ method: "OPTIONS", uri: "sip:127.16.2.1", timeoutMs: 60_000 });
  await engine.sent();
  context.mock.timers.tick(5_000);
  assert.deepEqual(await outcome, { kind: "failed", failure: "timeout", reason: "engine does not answer" });
  await server.stop();
  await engine.stop();
});

test("a wrong secret fails the start, and nothing keeps trying", async () => {
  const engine = new WireEngine();
  await engine.start();
  const control = createCallControl({
    node: "hk",
    engine: { ...engine.address, secret: "wrong" },
    log: silentLog(),
    route: () => ({ kind: "reply", status: 404 }),
  });
  await assert.rejects(control.start(), (error) => error instanceof CallError && error.code === "ENGINE_LINK_LOST");
  await control.stop();
  await engine.stop();
});

test("a call that is up when the node stops is ended on both sides", async (context) => {
  const call = await establish(context);
  await call.node.control.stop();
  const byes = [await call.node.engine.sent(), await call.node.engine.sent()];
  assert.deepEqual(
    byes.map(({ request }) => request.method),
    ["BYE", "BYE"],
  );
  assert.equal((await call.node.record()).endedBy, "system");
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
