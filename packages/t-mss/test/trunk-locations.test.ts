import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding, BindingStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import { TrunkLocations } from "../src/trunk-locations.ts";
import { memoryGroups } from "@mss/call-control/testing";

const NOW_MS = 1_000_000;
const LIMITS = { maxContacts: 3, nowMs: NOW_MS };

function binding(port: number, expiresAt = NOW_MS + 60_000): Binding {
  const source = { transport: "udp", host: "192.0.2.1", port } as const;
  return { aor: "hk", contact: `sip:hk@192.0.2.1:${port}`, source, callId: `c${port}`, cseq: 1, expiresAt };
}

const away = (): Promise<never> => Promise.reject(new Error("away"));
const hangs = (): Promise<never> => new Promise(() => undefined);
const AWAY: BindingStore = { apply: away, clear: away, find: away, all: away, purge: away };

test("what this hub saw is found without the store, what another hub saw in it", async () => {
  const { bindings: shared } = createMemoryStores();
  const one = new TrunkLocations(shared, silentLog());
  const other = new TrunkLocations(shared, silentLog());
  await one.apply("hk", { set: [binding(1)], remove: [] }, LIMITS);
  assert.deepEqual(await other.find("hk", NOW_MS), [binding(1)]);
  await shared.clear("hk");
  assert.deepEqual(await one.find("hk", NOW_MS), [binding(1)]);
  assert.deepEqual(await other.find("hk", NOW_MS), []);
});

test("an expired binding is not found", async () => {
  const locations = new TrunkLocations(AWAY, silentLog());
  await locations.apply("hk", { set: [binding(1)], remove: [] }, LIMITS);
  assert.equal(locations.aliveHere("hk", NOW_MS + 59_999), 1);
  assert.equal(locations.aliveHere("hk", NOW_MS + 60_000), 0);
  assert.deepEqual(await locations.find("hk", NOW_MS + 60_000), []);
});

test("with the store away branches still register, move and leave", async () => {
  const locations = new TrunkLocations(AWAY, silentLog());
  await locations.apply("hk", { set: [binding(1)], remove: [] }, LIMITS);
  const moved = await locations.apply("hk", { set: [binding(2)], remove: [binding(1).contact] }, LIMITS);
  assert.deepEqual(moved, { kind: "stored", bindings: [binding(2)] });
  const many = [3, 4, 5].map((port) => binding(port));
  assert.deepEqual(await locations.apply("hk", { set: many, remove: [] }, LIMITS), { kind: "tooMany", limit: 3 });
  await locations.clear("hk");
  assert.deepEqual(await locations.find("hk", NOW_MS), []);
});

test("a store that hangs holds up nobody", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const locations = new TrunkLocations({ ...AWAY, apply: hangs, find: hangs }, silentLog());
  const applied = locations.apply("hk", { set: [binding(1)], remove: [] }, LIMITS);
  t.mock.timers.tick(250);
  assert.equal((await applied).kind, "stored");
  const found = locations.find("london", NOW_MS);
  t.mock.timers.tick(250);
  assert.deepEqual(await found, []);
});

test("what one worker of a hub has seen the others know, also one that joins later, and without the store", async () => {
  const [one, other, late] = memoryGroups(3);
  const sources: number[] = [];
  const onSource = ({ port }: Binding["source"], seconds: number): void => void sources.push(port, Math.sign(seconds));
  const seeing = new TrunkLocations(AWAY, silentLog(), { group: one });
  const told = new TrunkLocations(AWAY, silentLog(), { group: other, onSource });
  const expiresAt = Date.now() + 60_000;
  await seeing.apply("hk", { set: [binding(1, expiresAt)], remove: [] }, LIMITS);
  assert.deepEqual(await told.find("hk", NOW_MS), [binding(1, expiresAt)]);
  assert.equal(told.aliveHere("hk", NOW_MS), 1);
  assert.deepEqual(sources, [1, 1]);
  const joining = new TrunkLocations(AWAY, silentLog(), { group: late });
  assert.deepEqual(await joining.find("hk", NOW_MS), []);
  await joining.askOthers();
  assert.deepEqual(await joining.find("hk", NOW_MS), [binding(1, expiresAt)]);
  assert.deepEqual(await joining.find("hk", expiresAt), []);
  await seeing.clear("hk");
  assert.deepEqual(await told.find("hk", NOW_MS), []);
});

function registered(contact: string): Binding {
  return { ...binding(40_001), contact, source: { transport: "tls", host: "192.0.2.1", port: 40_001 } };
}

test("a trunk on a connection of another worker is dialled where its Contact says", async () => {
  const [one, other] = memoryGroups(2);
  const seeing = new TrunkLocations(AWAY, silentLog(), { group: one });
  const told = new TrunkLocations(AWAY, silentLog(), { group: other });
  const cases = [
    [registered("sip:hk@192.0.2.1:6060;transport=tls"), 6060],
    [registered("sip:hk@10.0.0.1:6060;transport=tls"), 40_001], // behind NAT: it cannot be dialled
    [registered("sip:hk@192.0.2.1:5060;transport=tcp"), 40_001],
    [registered("sip:hk@192.0.2.1;transport=tls"), 40_001],
  ] as const;
  for (const [seen, port] of cases) {
    await seeing.apply("hk", { set: [seen], remove: cases.map(([{ contact }]) => contact) }, LIMITS);
    const [found] = await told.find("hk", NOW_MS);
    assert.equal(found?.source.port, port, seen.contact);
    assert.deepEqual(await seeing.find("hk", NOW_MS), [seen], "whoever has the connection uses it");
  }
});
