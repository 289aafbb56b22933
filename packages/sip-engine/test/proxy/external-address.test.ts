import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { defer } from "../engine/support/defer.ts";
import { startRig } from "../engine/support/rig.ts";
import { SDP, SipPeer } from "../engine/support/sip-peer.ts";

const NODE = "127.15.10.1";
const EXTERNAL = "127.15.210.1";
const LOCAL_PEER = "127.15.11.5";
const OUTSIDE_PEER = "127.15.12.5";

async function openPeer(context: TestContext, host: string): Promise<SipPeer> {
  const peer = await SipPeer.open(host);
  defer(context, () => peer.close());
  return peer;
}

/** Hosts of the Record-Route entries of a call that is proxied, the callee's side first. */
async function recordRoutes(context: TestContext, from: string, to: string): Promise<readonly string[]> {
  const { app, engine } = await startRig(context, {
    listen: [{ transport: "udp", host: NODE, port: 0 }],
    externalAddress: EXTERNAL,
    localNetworks: ["127.15.11.0/24"],
    trusted: ["127.15.0.0/16"],
  });
  const [caller, callee] = [await openPeer(context, from), await openPeer(context, to)];
  app.invite((request) => {
    void app.proxyRequest(request, callee.uri, { recordRoute: true });
  });
  const sip = { host: NODE, port: engine.listening[0]?.port ?? 0 };
  caller.request("INVITE", sip, { headers: ["Content-Type: application/sdp"], body: SDP });
  const invite = await callee.next("INVITE");
  const via = /SIP\/2\.0\/UDP ([\d.]+):/.exec(invite.all("Via")[0] ?? "")?.[1];
  const hosts = invite.all("Record-Route").map((value) => /<sip:([\d.]+):\d+;lr/.exec(value)?.[1] ?? value);
  assert.equal(via, hosts[0], "Via and Record-Route say the same to the callee");
  callee.respond(invite, "486 Busy Here", { tag: "x" });
  await caller.next(486);
  return hosts;
}

test("each side of a proxied call gets a Record-Route by which it reaches the node behind NAT", async (context) => {
  assert.deepEqual(await recordRoutes(context, LOCAL_PEER, OUTSIDE_PEER), [EXTERNAL, NODE]);
});

test("the other way round", async (context) => {
  assert.deepEqual(await recordRoutes(context, OUTSIDE_PEER, LOCAL_PEER), [NODE, EXTERNAL]);
});

test("one Record-Route where both sides see the same address", async (context) => {
  assert.deepEqual(await recordRoutes(context, OUTSIDE_PEER, OUTSIDE_PEER), [EXTERNAL]);
});
