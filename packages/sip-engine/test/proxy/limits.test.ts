import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SECRET } from "../engine/support/app.ts";
import { defer } from "../engine/support/defer.ts";
import { RawApp } from "../engine/support/replay.ts";
import { openPeer, startEngine } from "../engine/support/rig.ts";
import type { EngineOptions } from "../../src/index.ts";
import type { SipPeer } from "../engine/support/sip-peer.ts";
import { finalTo, startProxy, target } from "./support.ts";

/** A raw application that wants every method of the list, and a peer that calls it. */
async function startRaw(context: TestContext, methods: readonly string[], options: Partial<EngineOptions> = {}) {
  const { engine, sip } = await startEngine(context, options);
  const app = await RawApp.connect(engine.controlAddress);
  defer(context, () => app.close());
  app.send(`a|authenticate|${SECRET}|`);
  for (const method of methods) {
    app.send(`route-${method}|route|${method}`);
    await app.next((frame) => frame.tokens[2] === `route-${method}`, method);
  }
  const caller = await openPeer(context);
  async function transactionOf(method: string): Promise<string> {
    const frame = await app.next((candidate) => candidate.message?.startsWith(`${method} `) === true, method);
    return frame.tokens[8] ?? "";
  }
  async function answerTo(id: string): Promise<string> {
    const frame = await app.next((candidate) => candidate.tokens[2] === id, id);
    return frame.tokens.slice(3).join("|");
  }
  return { engine, sip, app, caller, transactionOf, answerTo };
}

function proxyCommand(
  id: string,
  transactionId: string,
  targets: readonly SipPeer[],
  options = "||||serial||",
): string {
  return `${id}|proxy|${transactionId}${options}|${targets.map(({ uri }) => uri).join("|")}\r\nX sip:x SIP/2.0\r\n\r\n`;
}

test("a command that cannot be carried out is answered with the reason", async (context) => {
  const { sip, app, caller, transactionOf, answerTo } = await startRaw(context, ["message"]);
  const peer = await openPeer(context);
  caller.request("MESSAGE", sip);
  const id = await transactionOf("MESSAGE");
  app.send(`short|proxy|${id}|||`);
  assert.equal(await answerTo("short"), "NO|Invalid proxy request: not enough information provided");
  app.send(proxyCommand("unknown", "none", [peer]));
  assert.equal(await answerTo("unknown"), "NOK|Unknown transaction id: none");
  app.send(proxyCommand("time", id, [peer], "||||serial|2|"));
  assert.equal(await answerTo("time"), "NOK|invalid provisionalTimeout: 2 (write 2s or 1500ms)");
  app.send(proxyCommand("final", id, [peer], "||||serial||soon"));
  assert.equal(await answerTo("final"), "NOK|invalid finalTimeout: soon (write 2s or 1500ms)");
  app.send(proxyCommand("good", id, [peer]));
  assert.equal(await answerTo("good"), "OK|done", "without fullResponse it is done when it has left");
  assert.equal((await peer.next("MESSAGE")).get("Max-Forwards"), "69");
});

test("a request that was answered, or that is within a dialog, is not proxied", async (context) => {
  const { sip, app, caller, transactionOf, answerTo } = await startRaw(context, ["invite"]);
  const peer = await openPeer(context);
  caller.request("INVITE", sip);
  const id = await transactionOf("INVITE");
  app.send(`ring|sip|${id}|\r\nSIP/2.0 180 Ringing\r\n\r\n`);
  await caller.next(180);
  app.send(proxyCommand("late", id, [peer]));
  assert.equal(await answerTo("late"), `NOK|Unknown transaction id: ${id}`);
  assert.deepEqual(peer.unread, []);
});

test("targets that nothing can be sent to are passed over; when there is no other the request is answered 500", async (context) => {
  const { sip, app, caller, transactionOf, answerTo } = await startRaw(context, ["message"]);
  const peer = await openPeer(context);
  caller.request("MESSAGE", sip, { sequence: 1 });
  const bad = ["nonsense", "tel:123", "sip:x@10.0.0.1;transport=carrier-pigeon", `sip:me@${sip.host}:${sip.port}`];
  app.send(`none|proxy|${await transactionOf("MESSAGE")}||||serial|||${bad.join("|")}\r\nX sip:x SIP/2.0\r\n\r\n`);
  assert.equal(await answerTo("none"), `NOK|error proxying request to ${bad.join(", ")}`);
  assert.equal((await caller.next(finalTo("1 MESSAGE"))).status, 500);
  caller.request("MESSAGE", sip, { sequence: 2 });
  app.send(
    `some|proxy|${await transactionOf("MESSAGE")}||||serial|||${bad.join("|")}|${peer.uri}\r\nX sip:x SIP/2.0\r\n\r\n`,
  );
  assert.equal(await answerTo("some"), "OK|done");
  peer.respond(await peer.next("MESSAGE"), "202 Accepted");
  assert.equal((await caller.next(finalTo("2 MESSAGE"))).status, 202);
});

test("SEC-25: a request that comes back as it was is a loop, with another Request-URI it is a spiral", async (context) => {
  const rig = await startProxy(context, 1);
  const peer = target(rig, 0);
  const sent = rig.invite();
  const came = await peer.next("INVITE");
  const uri = sent.startLine.split(" ")[1] ?? "";
  const comeBack = (requestUri: string): void => {
    const text = came.text
      .replace(came.startLine, `INVITE ${requestUri} SIP/2.0`)
      .replace("\r\nVia:", `\r\nVia: SIP/2.0/UDP ${peer.host}:${peer.port};branch=z9hG4bK${requestUri.length}\r\nVia:`);
    peer.send(text, rig.sip);
  };
  comeBack(uri);
  const refused = await peer.next((message) => (message.status ?? 0) >= 200);
  assert.equal(refused.status, 482);
  comeBack(`${uri};spiral`);
  const spiral = await peer.next("INVITE");
  assert.equal(spiral.all("Via").length, 4);
  assert.equal(spiral.get("Max-Forwards"), "68");
});

test("SEC-25: no hops left: 483 and the application is told", async (context) => {
  const { sip, app, caller, transactionOf, answerTo } = await startRaw(context, ["options"]);
  const peer = await openPeer(context);
  caller.request("OPTIONS", sip, { maxForwards: 0 });
  app.send(proxyCommand("p", await transactionOf("OPTIONS"), [peer]));
  assert.equal(await answerTo("p"), "NOK|Rejected with 483 Too Many Hops");
  assert.equal((await caller.next(finalTo("1 OPTIONS"))).status, 483);
});

test("SEC-25: a request may forbid breadth (RFC 5393), and never gets more than the engine allows", async (context) => {
  const forking = { proxy: { forking: "simultaneous" }, engine: { limits: { proxyBreadth: 2 } } } as const;
  const rig = await startProxy(context, 3, forking);
  rig.invite({ headers: ["Max-Breadth: 0"] });
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 440);
  rig.invite({ headers: ["Max-Breadth: 60"] });
  const [first] = await Promise.all([target(rig, 0).next("INVITE"), target(rig, 1).next("INVITE")]);
  assert.equal(first.get("Max-Breadth"), "1");
  assert.deepEqual(target(rig, 2).unread, [], "the third waits for a place");
  target(rig, 0).respond(first, "404 Not Found", { tag: "a", contact: false });
  await target(rig, 2).next("INVITE");
});

test("when all places are taken the request is answered 503 and the application is told", async (context) => {
  const options = { limits: { proxies: 1 } };
  const { sip, app, caller, transactionOf, answerTo } = await startRaw(context, ["message"], options);
  const peer = await openPeer(context);
  caller.request("MESSAGE", sip, { sequence: 1 });
  app.send(proxyCommand("one", await transactionOf("MESSAGE"), [peer]));
  await peer.next("MESSAGE");
  caller.request("MESSAGE", sip, { sequence: 2 });
  app.send(proxyCommand("two", await transactionOf("MESSAGE"), [peer]));
  assert.equal(await answerTo("two"), "NOK|Rejected with 503 Service Unavailable");
  assert.notEqual((await caller.next(finalTo("2 MESSAGE"))).get("Retry-After"), "");
});

test("other methods: no provisional response passes, and silence is answered with silence", async (context) => {
  const options = { timers: { t1Ms: 2, t2Ms: 8, t4Ms: 1_000 } }; // so that our own time is over first, however busy the machine is
  const { engine, sip, app, caller, transactionOf, answerTo } = await startRaw(context, ["message"], options);
  const peer = await openPeer(context);
  caller.request("MESSAGE", sip);
  app.send(proxyCommand("p", await transactionOf("MESSAGE"), [peer], "||fullResponse||serial||"));
  const came = await peer.next("MESSAGE");
  peer.respond(came, "183 Session Progress");
  assert.match(await answerTo("p"), /^OK\|network\|.*\|continue$/, "408 is made up for the application");
  assert.equal(await answerTo("p"), "OK|done");
  while (engine.stats().proxies > 0 || engine.stats().transactions.server > 0) {
    await new Promise(setImmediate);
  }
  assert.deepEqual(caller.unread, []);
});

test("a REGISTER that is to come back gets a Path", async (context) => {
  const { sip, app, caller, transactionOf } = await startRaw(context, ["register"]);
  const registrar = await openPeer(context);
  caller.request("REGISTER", sip, { headers: ["Expires: 60"] });
  app.send(proxyCommand("p", await transactionOf("REGISTER"), [registrar], "|remainInDialog|||serial||"));
  const came = await registrar.next("REGISTER");
  assert.equal(came.get("Path"), `<sip:${sip.host}:${sip.port};lr>`);
  assert.equal(came.get("Require"), "path");
  assert.deepEqual(came.all("Record-Route"), []);
  registrar.respond(came, "200 OK");
  assert.equal((await caller.next(200)).status, 200);
});

test("an application that goes leaves its proxied calls alone", async (context) => {
  const rig = await startProxy(context, 1);
  rig.invite();
  const came = await target(rig, 0).next("INVITE");
  rig.app.disconnect();
  while (rig.engine.stats().applications > 0) {
    await new Promise(setImmediate);
  }
  target(rig, 0).respond(came, "486 Busy Here", { tag: "a" });
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 486);
});

test("an engine that stops cancels what it proxies and answers it 503", async (context) => {
  const rig = await startProxy(context, 1);
  rig.invite();
  const came = await target(rig, 0).next("INVITE");
  target(rig, 0).respond(came, "180 Ringing", { tag: "a" });
  await rig.caller.next(180);
  const stopped = rig.engine.stop();
  assert.equal((await rig.caller.next(finalTo("1 INVITE"))).status, 503);
  await target(rig, 0).next("CANCEL");
  await stopped;
});

test("nothing is left of a proxied call when its transactions have ended", async (context) => {
  const rig = await startProxy(context, 2, { engine: { timers: { t1Ms: 2, t2Ms: 8, t4Ms: 10 } } });
  rig.invite();
  target(rig, 0).respond(await target(rig, 0).next("INVITE"), "404 Not Found", { tag: "a", contact: false });
  target(rig, 1).respond(await target(rig, 1).next("INVITE"), "486 Busy Here", { tag: "b", contact: false });
  await rig.caller.next(finalTo("1 INVITE"));
  assert.equal(rig.engine.stats().proxies, 1);
  for (;;) {
    const { proxies, transactions, openRequests } = rig.engine.stats();
    if (proxies + transactions.client + transactions.server + openRequests === 0) {
      break;
    }
    await new Promise(setImmediate);
  }
});
