import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createCallControl, next } from "@mss/call-control";
import type { CallControl, IncomingRequest, PathProof } from "@mss/call-control";
import { pathOfCall } from "@mss/call-control/node";
import type { CallRecord } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import { pathOf, pathValue } from "../src/bridge/path.ts";
import { OFFER, plan, step, target } from "./support/node-under-test.ts";
import { Peer } from "./support/peer.ts";

const SECRET = "engine-secret";
const TRUNK: PathProof = { kind: "key", key: "trunk-secret" };
const SESSION = "ab".repeat(16);

interface Ring {
  readonly alice: Peer;
  /** Nodes that an INVITE has come to, in order. */
  readonly visits: readonly string[];
  readonly records: readonly CallRecord[];
}

/** Nodes of which each sends every number on to the next, and the last one to the first. */
async function ring(t: TestContext, network: number, names: readonly string[], proof = () => TRUNK): Promise<Ring> {
  const visits: string[] = [];
  const records: CallRecord[] = [];
  const hostOf = (place: number): string => `127.16.${network}.${1 + (place % names.length)}`;
  const start = async (node: string, place: number): Promise<CallControl> => {
    const engine = createEngine({
      listen: [{ transport: "udp", host: hostOf(place), port: 5060 }],
      control: { host: hostOf(place), port: 0, secret: SECRET },
      trusted: ["127.16.0.0/16"],
      log: silentLog(),
    });
    await engine.start();
    const onward = target(`to:${hostOf(place + 1)}`, {
      uri: `sip:4000@${hostOf(place + 1)}:5060`,
      trusted: true,
      pathProof: proof(),
    });
    const control = createCallControl({
      node,
      engine: { ...engine.controlAddress, secret: SECRET },
      log: silentLog(),
      route: (invite: IncomingRequest) => {
        visits.push(node);
        const trusted = !invite.source.host.endsWith(".100");
        return next(plan([step(onward)], { trusted, path: trusted ? pathOfCall(invite, TRUNK) : [] }));
      },
      onRecord: (record) => void records.push(record),
    });
    await control.start();
    t.after(async () => {
      await control.stop();
      await engine.stop();
    });
    return control;
  };
  for (const [place, name] of names.entries()) {
    await start(name, place);
  }
  const alice = await Peer.open(`127.16.${network}.100`, { host: hostOf(0), port: 5060 });
  t.after(() => alice.close());
  return { alice, visits, records };
}

for (const [network, names] of [
  [191, ["hk", "hub-1"]],
  [192, ["hk", "hub-1", "london"]],
] as const) {
  test(`SEC-25: a ring of ${names.length} nodes ends where it comes back to, with the way that it went`, async (t) => {
    const { alice, visits, records } = await ring(t, network, names);
    const invite = alice.invite("4000", { body: OFFER });
    const final = await alice.final(invite);
    assert.equal(final.status, 482);
    assert.deepEqual(visits, [...names, names[0]], "each node once, and the first one again");
    assert.equal(final.headers.get("Reason"), `SIP;cause=482;text="${[...names, names[0]].join(" > ")}"`);
    assert.ok(records.every(({ code }) => code === "CALL_LOOP"));
  });
}

test("SEC-25: where nobody believes the way, Max-Forwards ends the ring", async (t) => {
  const { alice, visits } = await ring(t, 193, ["hk", "hub-1"], () => ({ kind: "key", key: "another" }));
  const invite = alice.invite("4000", { body: OFFER });
  assert.equal((await alice.final(invite)).status, 483);
  assert.equal(visits.length, 70);
});

test("a way is believed with its signature, of its session and hop, and no further", () => {
  const value = pathValue(["hk", "hub-1"], SESSION, TRUNK);
  const read = (header: string, session = SESSION, proof: PathProof = TRUNK): readonly string[] =>
    pathOf(() => header, session, proof);
  assert.deepEqual(read(value), ["hk", "hub-1"]);
  assert.deepEqual(read(pathValue(["hk"], SESSION, { kind: "proven" }), SESSION, { kind: "proven" }), ["hk"]);
  assert.deepEqual(read(value, "cd".repeat(16)), []);
  assert.deepEqual(read(value, SESSION, { kind: "key", key: "another" }), []);
  assert.deepEqual(read(value, SESSION, { kind: "proven" }), []);
  for (const forged of [
    value.replace("hub-1", "hub-2"),
    value.replace("hk, ", ""),
    "hk, hub-1",
    "hk, hub-1;mac=",
    `${value},x`,
    "HK;mac=x",
    `${"hk, ".repeat(5_000)}hk`,
  ]) {
    assert.deepEqual(read(forged), [], forged.slice(0, 80));
  }
});
