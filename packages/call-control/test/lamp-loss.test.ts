import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@mss/runtime";
import { createCallControl, next } from "@mss/call-control";
import type { CallControl } from "@mss/call-control";
import { createEngine } from "@mss/sip-engine";
import { Peer } from "./support/peer.ts";
import { dialogInfo } from "../src/lamps/dialog-info.ts";
import type { LampState } from "../src/lamps/dialog-info.ts";

/* A lamp of another node that says something, then nothing any more. */

const NET = "127.16.90";
const SECRET = "engine-secret";

test("a node that falls silent: its lamps are unreachable, without anybody saying so", async (t) => {
  const server = { host: `${NET}.1`, port: 5060 };
  const engine = createEngine({
    listen: [{ transport: "udp", ...server }],
    control: { host: server.host, port: 0, secret: SECRET },
    timers: { t1Ms: 20, t2Ms: 80, t4Ms: 100 },
    log: silentLog(),
  });
  await engine.start();
  const [watcher, node] = await Promise.all([Peer.open(`${NET}.10`, server), Peer.open(`${NET}.20`, server)]);
  const target = { label: "branch:london", uri: `sip:4000@${NET}.20:5060`, trusted: true };
  const control: CallControl = createCallControl({
    node: "hub-1",
    engine: { ...engine.controlAddress, secret: SECRET },
    log: silentLog(),
    route: () => ({ kind: "reply", status: 404 }),
    watch: () => next({ origin: "branch:hk", key: "4000", source: { kind: "remote", locate: async () => [target] } }),
    handlers: { other: (request) => control.subscribe(request) },
    limits: { lampRefreshMs: 200 },
  });
  await control.start();
  t.after(async () => {
    await control.stop();
    await engine.stop();
    await Promise.all([watcher.close(), node.close()]);
  });

  const uri = `sip:4000@${NET}.1`;
  const dialog = { uri, from: `<sip:1000@${NET}.10>;tag=w`, to: `<${uri}>`, callId: "watch" };
  const asked = watcher.say("SUBSCRIBE", dialog, { headers: { Contact: watcher.contact, Event: "dialog" } });
  const upstream = await node.request("SUBSCRIBE");
  assert.equal(upstream.headers.get("Accept"), "application/dialog-info+xml");
  const tell = (state: LampState): void => {
    const within = {
      uri: `sip:${NET}.1:5060`,
      from: `${upstream.headers.get("To") ?? ""};tag=peer`,
      to: upstream.headers.get("From") ?? "",
      callId: upstream.headers.get("Call-ID") ?? "",
    };
    const headers = { Event: "dialog", "Subscription-State": "active;expires=60", Contact: node.contact };
    node.say("NOTIFY", within, {
      headers: { ...headers, "Content-Type": "application/dialog-info+xml" },
      body: dialogInfo({ entity: uri, version: 0, state }),
    });
  };
  tell("busy"); // before the answer to the SUBSCRIBE: RFC 6665 §4.1.2.4
  node.respond(upstream, 200, { headers: { Expires: "60" } });
  assert.equal((await watcher.response(asked, 200)).status, 200);
  const first = await watcher.request("NOTIFY");
  assert.match(first.body, /confirmed/);
  watcher.respond(first, 200);

  node.respond(await node.request("SUBSCRIBE"), 200, { headers: { Expires: "60" } });
  assert.equal(control.subscriptions, 1);
  const last = await watcher.request("NOTIFY"); // the next refresh has no answer, nor a new subscription
  assert.match(last.headers.get("Subscription-State") ?? "", /^terminated;reason=probation;retry-after=30$/);
  assert.match(last.body, /code="503"/);
  watcher.respond(last, 200);
});
