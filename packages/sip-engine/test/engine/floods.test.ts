import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { FloodLimits } from "../../src/index.ts";
import type { AppRequest, AppResponse } from "./support/app.ts";
import { defer } from "./support/defer.ts";
import { freshHost, startRig } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import type { PeerMessage, SipPeer } from "./support/sip-peer.ts";
import { TcpPeer } from "./support/tcp-peer.ts";

const NEVER = 1e-9;
const GOOD = "Authorization: Digest username=good";
const BAD = "Authorization: Digest username=bad";
const TIMERS = { t1Ms: 100, t2Ms: 400, t4Ms: 50, timerCMs: 5_000 };

interface Guarded extends Rig {
  /** INVITEs that reached the application, by the user of their From. */
  readonly calls: readonly string[];
}

function isGood(request: AppRequest): boolean {
  return request.has("Authorization") && request.get("Authorization").includes("good");
}

function challenge(response: AppResponse): void {
  response.send(401, { headers: { "WWW-Authenticate": 'Digest realm="hk", nonce="1", qop="auth"' } });
}

/** An engine with few messages for strangers, and an application that lets in who says that it is good. */
async function startGuarded(context: TestContext, flood: Partial<FloodLimits>): Promise<Guarded> {
  const listen = (["udp", "tcp"] as const).map((transport) => ({ transport, host: freshHost(), port: 0 }));
  const rig = await startRig(context, { listen, trusted: [], timers: TIMERS, flood });
  const [own] = rig.engine.listening;
  assert.ok(own !== undefined);
  const calls: string[] = [];
  rig.app.invite((request, response) => {
    calls.push(/sip:([^@]+)@/.exec(request.get("From"))?.[1] ?? "");
    if (isGood(request)) {
      response.send(486);
    } else {
      challenge(response);
    }
  });
  rig.app.options((_request, response) => {
    response.send(200);
  });
  rig.app.register((request, response) => {
    if (isGood(request)) {
      response.send(200, { headers: { Contact: `${request.get("Contact")};expires=60` } });
    } else {
      challenge(response);
    }
  });
  return { ...rig, sip: { host: own.host, port: own.port }, calls };
}

function answerTo(peer: SipPeer, request: PeerMessage): Promise<PeerMessage> {
  const isFinal = (message: PeerMessage): boolean =>
    message.get("Call-ID") === request.get("Call-ID") && (message.status ?? 0) >= 200;
  return peer.next(isFinal);
}

async function ask(peer: SipPeer, rig: Rig, method: string, headers: readonly string[] = []): Promise<number> {
  return (await answerTo(peer, peer.request(method, rig.sip, { headers }))).status ?? 0;
}

/** A phone that is registered, also with the engine. */
async function registeredPhone(rig: Guarded): Promise<SipPeer> {
  const phone = await rig.peer();
  while ((await ask(phone, rig, "REGISTER", [GOOD])) !== 200) {
    // the application's wish for REGISTER had not reached the engine yet
  }
  return phone;
}

test("SEC-22: INVITEs from ever new addresses, never acknowledged: a registered phone calls as before", async (context) => {
  const rig = await startGuarded(context, { unknownSources: { perSecond: NEVER, burst: 20 } });
  const phone = await registeredPhone(rig);
  const strangers = await Promise.all(Array.from({ length: 40 }, () => rig.peer()));
  for (const stranger of strangers) {
    stranger.request("INVITE", rig.sip, { from: "<sip:attacker@x>;tag=1" });
  }
  assert.equal(await ask(phone, rig, "INVITE", [GOOD]), 486, "its call reaches the application");
  const attacks = rig.calls.filter((user) => user === "attacker").length;
  assert.ok(attacks > 0 && attacks <= 20, String(attacks));
  const { dropped, refused } = rig.engine.stats().flood;
  assert.equal(refused, 0);
  assert.ok(dropped >= 20, String(dropped));
  const latecomer = await rig.peer();
  latecomer.request("OPTIONS", rig.sip);
  assert.equal(await ask(phone, rig, "OPTIONS"), 200);
  assert.deepEqual(latecomer.unread, [], "who is not known has to wait");
});

test("SEC-21: a source that sends too much is heard no more, and others are", async (context) => {
  const rig = await startGuarded(context, { unknownSource: { perSecond: NEVER, burst: 10 } });
  const [one, other] = [await rig.peer(), await registeredPhone(rig)];
  for (const method of ["REGISTER", "INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE"]) {
    for (let count = 0; count < 20; count += 1) {
      one.request(method, rig.sip);
    }
  }
  assert.equal(await ask(other, rig, "OPTIONS"), 200);
  assert.equal(one.unread.length, 10);
  assert.ok(rig.engine.stats().transactions.server <= 13, "nothing is kept of what was dropped");
});

test("SEC-21: a connection that sends too much is answered 503 with Retry-After, then closed", async (context) => {
  const rig = await startGuarded(context, {
    unknownSource: { perSecond: NEVER, burst: 3 },
    refusals: { perSecond: NEVER, burst: 2 },
  });
  const own = rig.engine.listening.find(({ transport }) => transport === "tcp");
  assert.ok(own !== undefined);
  const host = freshHost();
  const connectPeer = async (): Promise<TcpPeer> => {
    const peer = await TcpPeer.connect(own, host);
    defer(context, () => {
      peer.socket.destroy();
    });
    return peer;
  };
  const peer = await connectPeer();
  const gone = once(peer.socket, "close");
  for (let count = 0; count < 6; count += 1) {
    peer.send([
      "OPTIONS sip:h SIP/2.0",
      `Via: SIP/2.0/TCP ${host}:5060;branch=z9hG4bK${count}`,
      "From: <sip:a@b>;tag=1",
      "To: <sip:h>",
      `Call-ID: ${count}`,
      "CSeq: 1 OPTIONS",
      "Max-Forwards: 70",
    ]);
  }
  const refused = [await peer.next(503), await peer.next(503)];
  assert.ok(refused.every((answer) => Number(answer.get("Retry-After")) >= 2));
  await gone;
  const { flood } = rig.engine.stats();
  assert.deepEqual([flood.refused, flood.closed > 0], [2, true]);
  const again = await connectPeer();
  await once(again.socket, "close");
  assert.equal(rig.engine.stats().transport.connectionsRefused, 1, "a new connection is no way out");
});

test("SEC-28: who guesses passwords is shut out, and a registered phone of the same address is not", async (context) => {
  const rig = await startGuarded(context, { failures: 3 });
  const phone = await registeredPhone(rig);
  const guesser = await rig.peer();
  for (let guess = 0; guess < 3; guess += 1) {
    assert.equal(await ask(guesser, rig, "REGISTER", [BAD]), 401);
  }
  guesser.request("REGISTER", rig.sip, { headers: [GOOD] });
  for (let guess = 0; guess < 5; guess += 1) {
    assert.equal(await ask(phone, rig, "REGISTER", [BAD]), 401, "as if forged in the name of the phone");
  }
  assert.equal(await ask(phone, rig, "REGISTER", [GOOD]), 200);
  assert.deepEqual(guesser.unread, []);
  assert.deepEqual([rig.engine.stats().flood.bans, rig.engine.stats().flood.banned], [1, 1]);
});

test("SEC-28: no credentials, and a nonce that is merely stale, are no guess", async (context) => {
  const rig = await startGuarded(context, { failures: 1 });
  await registeredPhone(rig);
  const peer = await rig.peer();
  assert.equal(await ask(peer, rig, "REGISTER"), 401);
  assert.equal(await ask(peer, rig, "REGISTER"), 401);
  rig.app.message((_request, response) => {
    response.send(401, { headers: { "WWW-Authenticate": 'Digest realm="hk", nonce="2", stale=true, qop="auth"' } });
  });
  while ((await ask(peer, rig, "MESSAGE", [BAD])) !== 401) {
    // 405 until the wish for MESSAGE has reached the engine
  }
  assert.equal(rig.engine.stats().flood.bans, 0);
});

test("a registration that outlived a restart makes its source known", async (context) => {
  const rig = await startGuarded(context, { unknownSources: { perSecond: NEVER, burst: 0 } });
  const peer = await rig.peer();
  rig.engine.know({ transport: "udp", host: peer.host, port: peer.port }, 60);
  assert.ok((await ask(peer, rig, "OPTIONS")) > 0);
});

test("without limits everything of everybody is taken", async (context) => {
  const rig = await startRig(context, { trusted: [], flood: false });
  const peer = await rig.peer();
  for (let count = 0; count < 600; count += 1) {
    peer.request("PUBLISH", rig.sip, { maxForwards: 0 });
  }
  assert.ok((await ask(peer, rig, "PUBLISH")) > 0);
  assert.equal(rig.engine.stats().flood.dropped, 0);
});
