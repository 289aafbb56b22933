import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { silentLog } from "@mss/runtime";
import * as fc from "fast-check";
import { createEngine } from "../../src/index.ts";
import { SECRET, connectApp, createApp } from "./support/app.ts";
import { ANSWER, SDP_HEADERS, establishCall } from "./support/bridged-call.ts";
import { defer } from "./support/defer.ts";
import { RawApp } from "./support/replay.ts";
import { openPeer, startEngine, startRig } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { PeerMessage } from "./support/sip-peer.ts";

const isFinal = (message: PeerMessage): boolean => (message.status ?? 0) >= 200;

async function connectRaw(
  context: TestContext,
  engine: { readonly controlAddress: { host: string; port: number } },
): Promise<RawApp> {
  const app = await RawApp.connect(engine.controlAddress);
  defer(context, () => {
    app.close();
  });
  return app;
}

async function answerTo(app: RawApp, id: string): Promise<string> {
  const frame = await app.next((candidate) => candidate.tokens[2] === id, id);
  return frame.tokens.slice(3).join("|");
}

/** Resolves when the connection is gone, by FIN or by reset: `once` of node:events would reject on the latter. */
function untilGone(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("close", () => resolve());
  return promise;
}

test("a good secret is answered with the addresses and a version that drachtio-srf accepts", async (context) => {
  const { engine, sip } = await startEngine(context);
  const app = await connectRaw(context, engine);
  app.send(`a|authenticate|${SECRET}|hub`);
  const listening = `udp/${sip.host}:${sip.port}`;
  assert.equal(await answerTo(app, "a"), `OK|${listening}|v0.9.10-mss|${listening}`);
  app.send("p|ping");
  assert.equal(await answerTo(app, "p"), "OK|pong");
  assert.equal(engine.stats().applications, 1);
});

test("SEC-39: a wrong secret is told so, and the connection ends", async (context) => {
  const { engine } = await startEngine(context);
  const app = await connectRaw(context, engine);
  app.send("a|authenticate|guess|");
  assert.equal(await answerTo(app, "a"), "NO|incorrect secret");
  await untilGone(app.socket);
  const srf = createApp();
  srf.connect({ ...engine.controlAddress, secret: "guess", reconnect: { maxAttempts: 1 } });
  const failed = Promise.withResolvers<Error>();
  srf.once("connect", failed.resolve);
  assert.equal((await failed.promise).message, "failed to authenticate to server");
});

test("SEC-39: nothing but authenticate is answered before the login", async (context) => {
  const { engine } = await startEngine(context);
  for (const command of ["ping", "route|invite", "sip||\r\nOPTIONS sip:a SIP/2.0\r\n\r\n"]) {
    const app = await connectRaw(context, engine);
    app.send(`x|${command}`);
    assert.equal(await answerTo(app, "x"), "NO|not authenticated");
    await untilGone(app.socket);
  }
});

test("SEC-39: a malformed length, and a frame too long for a stranger, end the connection", async (context) => {
  const { engine } = await startEngine(context);
  for (const bytes of ["hello", "99999#", "12345678"]) {
    const app = await connectRaw(context, engine);
    app.socket.write(bytes);
    await untilGone(app.socket);
  }
});

test("SEC-39: a connection that never logs in is closed", async (context) => {
  const { engine } = await startEngine(context, { controlLimits: { loginMs: 20 } });
  const app = await connectRaw(context, engine);
  await untilGone(app.socket);
});

test("commands that cannot be read are answered, and the connection stays", async (context) => {
  const { engine } = await startEngine(context);
  const app = await connectRaw(context, engine);
  app.send(`a|authenticate|${SECRET}|`);
  await answerTo(app, "a");
  const cases = [
    ["shutdown", "NO|Unknown message type"],
    ["route|frobnicate", "NO|Route request includes unsupported verb"],
    ["sip||\r\n", "NO|Invalid message format"],
    ["sip||\r\nINVITE sip:a@127.0.0.9 SIP/2.0\r\nX: a\nb\r\n\r\n", "NO|Invalid message format"],
    ["sip||\r\nFROB sip:a SIP/2.0\r\n\r\n", "NOK|invalid request-uri: FROB sip:a SIP/2.0"],
    ["sip|nothing|\r\nSIP/2.0 200 OK\r\n\r\n", "NOK|Response not sent due to unknown transaction"],
    ["sip|nothing|\r\nCANCEL sip:a SIP/2.0\r\n\r\n", "NOK|unable to cancel unknown transaction id: nothing"],
    [
      "sip||nothing\r\nBYE sip:placeholder SIP/2.0\r\n\r\n",
      "NOK|Server error: unable to find dialog for dialog id provided",
    ],
    ["proxy|x||||serial|||sip:a\r\nINVITE sip:a SIP/2.0\r\n\r\n", "NOK|Unknown transaction id: x"],
  ] as const;
  for (const [index, [command, answer]] of cases.entries()) {
    app.send(`c${index}|${command}`);
    assert.equal(await answerTo(app, `c${index}`), answer);
  }
});

test("whatever an application sends gets one answer", async (context) => {
  const { engine } = await startEngine(context);
  const app = await connectRaw(context, engine);
  app.send(`a|authenticate|${SECRET}|`);
  await answerTo(app, "a");
  const word = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 20 }),
    fc.constantFrom("", "INVITE", "ACK", "sip:a@127.13.255.9"),
  );
  const line = fc.oneof(
    fc
      .tuple(fc.constantFrom("INVITE", "BYE", "ACK", "CANCEL", "OPTIONS", "X"), word)
      .map(([method, uri]) => `${method} ${uri} SIP/2.0`),
    fc.tuple(fc.integer({ min: 0, max: 999 }), word).map(([status, reason]) => `SIP/2.0 ${status} ${reason}`),
  );
  const names = fc.constantFrom(
    "From",
    "To",
    "Contact",
    "CSeq",
    "Call-ID",
    "Via",
    "Max-Forwards",
    "X-Any",
    "f",
    "m",
    "",
  );
  const header = fc.tuple(names, word).map(([name, value]) => `${name}: ${value}`);
  const sip = fc.tuple(word, word, line, fc.array(header, { maxLength: 4 }), word);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(sip, async ([transaction, dialog, start, headers, body]) => {
      count += 1;
      app.send(`f${count}|sip|${transaction}|${dialog}\r\n${[start, ...headers].join("\r\n")}\r\n\r\n${body}`);
      assert.match(await answerTo(app, `f${count}`), /^(?:OK|NO|NOK)\|/);
    }),
    { numRuns: 300 },
  );
});

test("two applications take turns, and each hears of its own dialogs only", async (context) => {
  const rig = await startRig(context);
  const second = await connectApp(context, rig.engine);
  const caller = await rig.peer();
  const taken: string[] = [];
  for (const [name, app] of [
    ["first", rig.app],
    ["second", second],
  ] as const) {
    app.options((_request, response) => {
      taken.push(name);
      response.send(200);
    });
    app.request(caller.uri, { method: "INFO" }).catch(() => undefined);
    await caller.next("INFO"); // the route was sent before
  }
  for (let count = 0; count < 4; count += 1) {
    caller.request("OPTIONS", rig.sip);
    await caller.next(200);
  }
  assert.deepEqual(taken.toSorted(), ["first", "first", "second", "second"]);
  assert.notEqual(taken[0], taken[1]);
});

test("when an application goes, its open calls are answered 503, its calls out cancelled, its dialogs ended", async (context) => {
  const rig = await startRig(context, { limits: { orphanGraceMs: 20 } });
  const call = await establishCall(rig);
  const waiting = await rig.peer();
  const ringing = await rig.peer();
  const asked = Promise.withResolvers<void>();
  const raw = await connectRaw(context, rig.engine);
  raw.send(`a|authenticate|${SECRET}|`);
  await answerTo(raw, "a");
  raw.send("r|route|message");
  await answerTo(raw, "r");
  raw.send(`i|sip||\r\nINVITE ${ringing.uri} SIP/2.0\r\n\r\n`);
  const invite = await ringing.next("INVITE");
  ringing.respond(invite, "180 Ringing", { tag: "r" });
  waiting.request("MESSAGE", rig.sip);
  await raw.next((frame) => frame.message?.startsWith("MESSAGE") === true, "MESSAGE");
  raw.close();
  assert.equal((await waiting.next(isFinal)).status, 503);
  ringing.respond(await ringing.next("CANCEL"), "200 OK");
  ringing.respond(invite, "487 Request Terminated", { tag: "r" });
  rig.app.disconnect();
  const byeA = await call.caller.next("BYE");
  const byeB = await call.callee.next("BYE");
  assert.match(byeA.get("Reason"), /application is gone/);
  call.caller.respond(byeA, "200 OK");
  call.callee.respond(byeB, "200 OK");
  asked.resolve();
});

test("an application that comes back takes its calls over by using them; one with other tags does not", async (context) => {
  const { engine } = await startEngine(context, { limits: { orphanGraceMs: 400 } });
  const callee = await openPeer(context);
  const connectAs = async (tags: string): Promise<RawApp> => {
    const app = await connectRaw(context, engine);
    app.send(`a|authenticate|${SECRET}|${tags}`);
    await answerTo(app, "a");
    return app;
  };
  const first = await connectAs("hub,x");
  first.send(`i|sip||\r\nINVITE ${callee.uri} SIP/2.0\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`);
  callee.respond(await callee.next("INVITE"), "200 OK", { tag: "b", headers: SDP_HEADERS, body: ANSWER });
  const ok = await first.next((frame) => frame.message?.startsWith("SIP/2.0 200") === true, "200");
  const dialog = ok.tokens[9] ?? "";
  first.send(`k|sip||${dialog}\r\nACK sip:placeholder SIP/2.0\r\n\r\n`);
  await callee.next("ACK");
  first.close();
  while (engine.stats().applications > 0) {
    await new Promise(setImmediate);
  }
  const info = `sip||${dialog}\r\nINFO sip:placeholder SIP/2.0\r\n\r\n`;
  const stranger = await connectAs("branch");
  stranger.send(`s|${info}`);
  assert.match(await answerTo(stranger, "s"), /^NOK\|/);
  const second = await connectAs("x,hub");
  second.send(`n|${info}`);
  assert.match(await answerTo(second, "n"), /^OK\|/);
  callee.respond(await callee.next("INFO"), "200 OK");
  await new Promise((resolve) => setTimeout(resolve, 500)); // beyond the grace: it is not ended
  assert.deepEqual(callee.unread, []);
  second.send(`b|sip||${dialog}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`);
  callee.respond(await callee.next("BYE"), "200 OK");
});

test("a BYE for a dialog whose application is gone is answered 200 by the engine", async (context) => {
  const rig = await startRig(context, { limits: { orphanGraceMs: 60_000 } });
  const call = await establishCall(rig);
  rig.app.disconnect();
  while (rig.engine.stats().applications > 0) {
    await new Promise(setImmediate);
  }
  call.caller.requestWithin("INFO", call.a, { sequence: 2 });
  assert.equal((await call.caller.next(isFinal)).status, 503);
  call.caller.requestWithin("BYE", call.a, { sequence: 3 });
  assert.equal((await call.caller.next(isFinal)).status, 200);
});

test("a call that is answered after its application went is ended at once", async (context) => {
  const { engine } = await startEngine(context);
  const callee = await openPeer(context);
  const raw = await connectRaw(context, engine);
  raw.send(`a|authenticate|${SECRET}|`);
  await answerTo(raw, "a");
  raw.send(`i|sip||\r\nINVITE ${callee.uri} SIP/2.0\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`);
  const invite = await callee.next("INVITE");
  raw.close();
  while (engine.stats().applications > 0) {
    await new Promise(setImmediate);
  }
  callee.respond(invite, "200 OK", { tag: "late", headers: SDP_HEADERS, body: ANSWER });
  await callee.next("ACK");
  callee.respond(await callee.next("BYE"), "200 OK");
});

test("an engine that stops ends its dialogs and its connections", async (context) => {
  const rig = await startRig(context);
  const call = await establishCall(rig);
  const closed = once(rig.app, "close");
  const stopped = rig.engine.stop();
  assert.match((await call.caller.next("BYE")).get("Reason"), /engine stops/);
  await Promise.all([stopped, closed]);
  await rig.engine.stop();
});

test("SEC-39: an engine whose control address is not loopback does not start", async () => {
  const engine = createEngine({
    listen: [{ transport: "udp", host: "127.13.255.1", port: 0 }],
    control: { host: "0.0.0.0", port: 0, secret: SECRET },
    log: silentLog(),
  });
  await assert.rejects(engine.start(), { code: "CONTROL_NOT_LOOPBACK" });
});

test("an engine whose control port is taken does not start, and leaves its sockets", async (context) => {
  const { engine } = await startEngine(context);
  const second = createEngine({
    listen: [{ transport: "udp", host: "127.13.255.2", port: 0 }],
    control: { ...engine.controlAddress, secret: SECRET },
    log: silentLog(),
  });
  await assert.rejects(second.start(), { code: "CONTROL_LISTEN_FAILED" });
});
