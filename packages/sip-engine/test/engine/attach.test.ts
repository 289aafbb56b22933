import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { test } from "node:test";
import { EngineError } from "../../src/index.ts";
import type { Engine } from "../../src/index.ts";
import { SECRET, attachApp, createApp, finalResponse } from "./support/app.ts";
import { establishCall } from "./support/bridged-call.ts";
import { openPeer, startEngine } from "./support/rig.ts";
import { waitUntil } from "./support/wait-until.ts";

const TEXT = { "Content-Type": "text/plain" };

/** The application's end of the next connection that the engine makes to that server. */
async function nextConnection(server: Server): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  server.once("connection", resolve);
  return await promise;
}

/** An application without drachtio-srf; its connection, before it has said anything. */
async function attachRaw(engine: Engine): Promise<{ readonly server: Server; readonly socket: Socket }> {
  const server = createServer();
  const connection = nextConnection(server);
  engine.attach(server, ["OPTIONS"]);
  return { server, socket: await connection };
}

function utf8(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function frame(text: string): string {
  return `${Buffer.byteLength(text)}#${text}`;
}

test("an application of the same process bridges a call and hangs it up without a socket", async (context) => {
  const { engine, sip } = await startEngine(context);
  const app = await attachApp(context, engine, ["invite"]);
  const call = await establishCall({ engine, sip, app, peer: () => openPeer(context) });
  call.caller.requestWithin("BYE", call.a, { sequence: 2 });
  assert.equal((await call.caller.next(200)).status, 200);
  call.callee.respond(await call.callee.next("BYE"), "200 OK");
  await waitUntil("no dialog", () => engine.stats().dialogs === 0);
});

test("text beyond ASCII comes through as it is, both ways", async (context) => {
  const { engine, sip } = await startEngine(context);
  const app = await attachApp(context, engine, ["MESSAGE"]);
  const peer = await openPeer(context);
  const received = Promise.withResolvers<string>();
  app.message((request, response) => {
    received.resolve(request.body);
    response.send(200, { headers: TEXT, body: "naïve 😀" });
  });
  peer.request("MESSAGE", sip, { headers: ["Content-Type: text/plain"], body: utf8("Grüße 🙂") });
  assert.equal(await received.promise, "Grüße 🙂");
  assert.equal((await peer.next(200)).body, utf8("naïve 😀"));
  void app.request(peer.uri, { method: "MESSAGE", headers: TEXT, body: "größer 🎉" });
  const message = await peer.next("MESSAGE");
  assert.equal(message.body, utf8("größer 🎉"));
});

test("it gets the methods that were named and no other", async (context) => {
  const { engine, sip } = await startEngine(context);
  const app = await attachApp(context, engine, ["OPTIONS"]);
  const peer = await openPeer(context);
  app.options((_request, response) => response.send(200));
  peer.request("OPTIONS", sip);
  assert.equal((await peer.next(200)).status, 200);
  peer.request("MESSAGE", sip);
  const refused = await peer.next((message) => (message.status ?? 0) >= 300);
  assert.equal(refused.status, 405);
  assert.throws(
    () => engine.attach(createServer(), ["OPTIONS", "frobnicate"]),
    (error) => error instanceof EngineError && error.code === "METHOD_UNKNOWN",
  );
});

test("a wrong secret is refused as on a socket", async (context) => {
  const { engine } = await startEngine(context);
  const app = createApp();
  const server = createServer();
  context.after(() => server.close());
  app.listen({ server, secret: "guess" });
  const refused = Promise.withResolvers<unknown>();
  app.once("connect", refused.resolve);
  engine.attach(server, ["OPTIONS"]);
  assert.ok((await refused.promise) instanceof Error);
  assert.equal(engine.stats().applications, 0);
});

test("a connection that the application ends is replaced until its server closes", async (context) => {
  const { engine } = await startEngine(context);
  const { server, socket } = await attachRaw(engine);
  socket.write(frame(`a|authenticate|${SECRET}|`));
  await once(socket, "data");
  assert.equal(engine.stats().applications, 1);
  const another = nextConnection(server);
  socket.end();
  await once(socket, "close");
  const second = await another;
  assert.notEqual(second, socket);
  assert.equal(engine.stats().applications, 0);
  server.close();
  await once(second.resume(), "close");
});

test("one that does not read, and one that writes no frames, are cut off and come again", async (context) => {
  const { engine, sip } = await startEngine(context, { controlLimits: { backlogBytes: 20_000 } });
  const { server, socket } = await attachRaw(engine);
  socket.write(frame(`a|authenticate|${SECRET}|`));
  await once(socket, "data");
  socket.pause();
  const another = nextConnection(server);
  const peer = await openPeer(context);
  const asking = setInterval(() => peer.request("OPTIONS", sip), 1);
  await once(socket, "close");
  clearInterval(asking);
  const third = nextConnection(server);
  (await another).write("hello");
  await third;
  server.close();
});

test("the engine's end is the end of the connection, and nothing is attached afterwards", async (context) => {
  const { engine, sip } = await startEngine(context);
  const app = await attachApp(context, engine, ["INVITE"]);
  const peer = await openPeer(context);
  const sent = await app.request(peer.uri, { method: "OPTIONS" });
  const answered = finalResponse(sent);
  peer.respond(await peer.next("OPTIONS"), "200 OK", { tag: "peer" });
  assert.equal((await answered).status, 200);
  const closed = once(app, "close");
  await engine.stop();
  await closed;
  assert.throws(
    () => engine.attach(createServer(), []),
    (error) => error instanceof EngineError && error.code === "NOT_RUNNING",
  );
  assert.ok(sip.port > 0);
});
