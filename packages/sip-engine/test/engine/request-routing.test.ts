import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { RequestHandler, RoutingDecision } from "../../src/index.ts";
import { SECRET, connectApp, createApp } from "./support/app.ts";
import type { App } from "./support/app.ts";
import { ANSWER, SDP_HEADERS } from "./support/bridged-call.ts";
import { defer } from "./support/defer.ts";
import { RawApp } from "./support/replay.ts";
import { openPeer, startEngine } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { PeerMessage, SipPeer } from "./support/sip-peer.ts";

const isFinal = (message: PeerMessage): boolean => (message.status ?? 0) >= 200;

function always(method: string, decision: RoutingDecision): RequestHandler {
  return { method, decide: () => decision };
}

async function startWith(context: TestContext, handlers: readonly RequestHandler[], routingMs = 5_000) {
  const { engine, sip } = await startEngine(context, { requestHandlers: handlers, limits: { routingMs } });
  return { engine, sip, caller: await openPeer(context) };
}

/** A raw application with tags that wants OPTIONS and answers it with its name. */
async function tagged(
  context: TestContext,
  engine: Parameters<typeof RawApp.connect>[0],
  tags: string,
): Promise<RawApp> {
  const app = await RawApp.connect(engine);
  defer(context, () => app.close());
  app.send(`a|authenticate|${SECRET}|${tags}`);
  app.send("r|route|options");
  await app.next((frame) => frame.tokens[2] === "r", "route");
  return app;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

interface Listening {
  readonly app: App;
  readonly to: { readonly host: string; readonly port: number };
}

/** A drachtio-srf application that waits for engines (`srf.listen`). */
async function listening(context: TestContext, secret = SECRET): Promise<Listening> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  defer(context, () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  const app = createApp();
  app.listen({ server, secret });
  return { app, to: { host: "127.0.0.1", port } };
}

async function statusOf(caller: SipPeer): Promise<number | undefined> {
  return (await caller.next(isFinal)).status;
}

test("requests for a tag go to the applications that have it, in turn, and to no other", async (context) => {
  const { engine, sip, caller } = await startWith(context, [always("OPTIONS", { kind: "tag", tag: "blue" })]);
  const taken: string[] = [];
  for (const [name, tags] of [
    ["red", ["red"]],
    ["blue", ["blue", "green"]],
    ["azure", ["azure", "blue"]],
  ] as const) {
    const app = await connectApp(context, engine, tags);
    app.options((_request, response) => {
      taken.push(name);
      response.send(200);
    });
    app.request(caller.uri, { method: "INFO" }).catch(() => undefined);
    await caller.next("INFO"); // the route was sent before
  }
  for (let count = 0; count < 6; count += 1) {
    caller.request("OPTIONS", sip);
    assert.equal(await statusOf(caller), 200);
  }
  assert.deepEqual(taken.toSorted(), ["azure", "azure", "azure", "blue", "blue", "blue"]);
  assert.ok(
    taken.every((name, index) => index === 0 || name !== taken[index - 1]),
    taken.join(),
  );
});

test("a tag that nobody has: 480", async (context) => {
  const { engine, sip, caller } = await startWith(context, [always("*", { kind: "tag", tag: "gone" })]);
  await tagged(context, engine.controlAddress, "red");
  caller.request("OPTIONS", sip);
  assert.equal(await statusOf(caller), 480);
});

test("methods without handler go to whoever asked for them", async (context) => {
  const { engine, sip, caller } = await startWith(context, [always("MESSAGE", { kind: "answer", status: 202 })]);
  const app = await tagged(context, engine.controlAddress, "");
  caller.request("OPTIONS", sip);
  await app.next((frame) => frame.message?.startsWith("OPTIONS") === true, "OPTIONS");
  caller.request("MESSAGE", sip);
  assert.equal(await statusOf(caller), 202);
});

test("an application that listens gets a call on a connection of its own, and can end it", async (context) => {
  const { app, to } = await listening(context);
  const { engine, sip, caller } = await startWith(context, [always("INVITE", { kind: "connect", to })]);
  app.invite((request, response) => {
    void app.createUAS(request, response, { localSdp: ANSWER });
  });
  const invites: PeerMessage[] = [];
  const answers: PeerMessage[] = [];
  for (let count = 0; count < 2; count += 1) {
    const invite = caller.request("INVITE", sip, { headers: SDP_HEADERS, body: SDP });
    const ok = await caller.next(200);
    caller.requestWithin("ACK", { request: invite, response: ok }, { sequence: 1 });
    invites.push(invite);
    answers.push(ok);
  }
  assert.equal(engine.stats().applications, 2);
  for (const [index, request] of invites.entries()) {
    const response = answers[index] ?? assert.fail();
    caller.requestWithin("BYE", { request, response }, { sequence: 2 });
    assert.equal((await caller.next((message) => message.get("CSeq") === "2 BYE")).status, 200);
  }
  assert.equal(engine.stats().dialogs, 0);
});

test("an application that is not there, one with another secret, one that says nothing: 480", async (context) => {
  const wrong = await listening(context, "guess");
  const silent = createServer((socket) => context.after(() => socket.destroy()));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  defer(context, () => void silent.close());
  const port = portOf(silent);
  const places = [{ host: "127.0.0.1", port: 1 }, wrong.to, { host: "127.0.0.1", port }, { host: "10.1.2.3", port: 9 }];
  for (const to of places) {
    const { engine, sip, caller } = await startWith(context, [always("OPTIONS", { kind: "connect", to })], 200);
    caller.request("OPTIONS", sip);
    assert.equal(await statusOf(caller), 480, `${to.host}:${to.port}`);
    assert.equal(engine.stats().openRequests, 0);
  }
});

test("a handler that fails or takes too long: 480", async (context) => {
  const never = { method: "OPTIONS", decide: () => new Promise<RoutingDecision>(() => undefined) };
  const broken = {
    method: "MESSAGE",
    decide: (): RoutingDecision => {
      throw new Error("no plan");
    },
  };
  const { sip, caller } = await startWith(context, [never, broken], 50);
  caller.request("MESSAGE", sip);
  assert.equal(await statusOf(caller), 480);
  caller.request("OPTIONS", sip);
  assert.equal(await statusOf(caller), 480);
});

test("a redirect needs no application; a call is not answered by a handler", async (context) => {
  const decisions: RoutingDecision[] = [
    { kind: "answer", status: 302, reason: "Moved", contacts: ["sip:new@10.9.9.9"] },
    { kind: "answer", status: 200 },
  ];
  const handler = { method: "INVITE", decide: () => decisions.shift() ?? { kind: "any" as const } };
  const { sip, caller } = await startWith(context, [handler]);
  caller.request("INVITE", sip, { headers: SDP_HEADERS, body: SDP });
  const moved = await caller.next(isFinal);
  assert.equal(moved.startLine, "SIP/2.0 302 Moved");
  assert.equal(moved.get("Contact"), "<sip:new@10.9.9.9>");
  caller.request("INVITE", sip, { headers: SDP_HEADERS, body: SDP });
  assert.equal(await statusOf(caller), 480);
});

test("a caller that gives up while its application is sought gets 487, and nobody hears of the call", async (context) => {
  const { app, to } = await listening(context);
  const decided = Promise.withResolvers<RoutingDecision>();
  const { engine, sip, caller } = await startWith(context, [{ method: "INVITE", decide: () => decided.promise }]);
  let calls = 0;
  app.invite(() => {
    calls += 1;
  });
  const invite = caller.request("INVITE", sip, { headers: SDP_HEADERS, body: SDP });
  await caller.next(100);
  assert.equal(engine.stats().openRequests, 1);
  caller.request("CANCEL", sip, {
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
  });
  assert.equal((await caller.next((message) => isFinal(message) && message.get("CSeq") === "1 INVITE")).status, 487);
  decided.resolve({ kind: "connect", to });
  await new Promise(setImmediate);
  assert.equal(calls, 0);
  assert.equal(engine.stats().openRequests, 0);
});

test("an engine that stops answers what still seeks its application", async (context) => {
  const never = { method: "OPTIONS", decide: () => new Promise<RoutingDecision>(() => undefined) };
  const { engine, sip, caller } = await startWith(context, [never]);
  caller.request("OPTIONS", sip);
  while (engine.stats().openRequests === 0) {
    await new Promise(setImmediate);
  }
  const stopped = engine.stop();
  assert.equal(await statusOf(caller), 503);
  await stopped;
});
