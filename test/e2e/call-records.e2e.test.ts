import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallRecord } from "@mss/model";
import { HK, LONDON } from "../support/federation.ts";
import { call, calling, register } from "../support/phones.ts";
import { succeeded } from "../support/sipp.ts";
import { waitUntil } from "../support/wait-until.ts";
import { federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 8 });

/** The records of one called number, as soon as there is one at every node asked. */
async function recordsOf(
  number: string,
  readers: readonly (() => Promise<readonly CallRecord[]>)[],
): Promise<CallRecord[]> {
  let records: CallRecord[] = [];
  await waitUntil(`a record of the call to ${number} at ${readers.length} nodes`, async () => {
    const all = await Promise.all(readers.map((read) => read()));
    records = all.flatMap((node) => node.filter(({ to }) => to === number));
    return records.length >= readers.length;
  });
  return records;
}

test("an answered call between branches is recorded once at every node, under one session id", { skip }, async (t) => {
  const { federation } = file;
  const [from, to] = [federation.phone("1000"), federation.phone("4000")];
  await call(t, { from, to, caller: "uac-answered-hangs-up", callee: "uas-answers-and-waits-bye", talkMs: 500 });
  const records = await recordsOf(to.number, [
    () => federation.branchRecords(HK),
    () => federation.hubRecords(),
    () => federation.branchRecords(LONDON),
  ]);
  assert.deepEqual(
    records.map(({ node, origin, target }) => [node, origin, target]),
    [
      ["hk", "extension:1000", "hub:hub-1"],
      ["hub-1", "branch:hk", "branch:london"],
      ["london", "hub:hub-1", "extension:4000"],
    ],
  );
  assert.equal(new Set(records.map(({ sessionId }) => sessionId)).size, 1);
  for (const record of records) {
    assert.equal(record.from, "1000");
    assert.equal(record.result, "answered");
    assert.equal(record.status, 200);
    assert.equal(record.endedBy, "caller");
    assert.ok(record.durationMs >= 400 && record.durationMs < 5_000, `duration ${record.durationMs}`);
  }
});

test("who hung up, and why a call failed, is recorded", { skip }, async (t) => {
  const { federation } = file;
  const readers = [() => federation.branchRecords(HK)];
  const from = federation.phone("1001");
  const hungUp = { from, to: federation.phone("1002") };
  await call(t, { ...hungUp, caller: "uac-answered-remote-hangs-up", callee: "uas-answers-and-hangs-up" });
  await call(t, { from, to: federation.phone("1003"), caller: "uac-expects-busy", callee: "uas-busy" });
  await register(t, from);
  await succeeded(await calling(t, from, { number: "1999", scenario: "uac-expects-404" }));
  const found = await Promise.all(["1002", "1003", "1999"].map((number) => recordsOf(number, readers)));
  assert.deepEqual(
    found.flat().map(({ to, result, status, endedBy }) => [to, result, status, endedBy]),
    [
      ["1002", "answered", 200, "callee"],
      ["1003", "busy", 486, "callee"],
      ["1999", "rejected", 404, "system"],
    ],
  );
});
