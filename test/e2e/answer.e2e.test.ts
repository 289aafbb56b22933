import assert from "node:assert/strict";
import { test } from "node:test";
import { HK, LONDON } from "../support/federation.ts";
import { call } from "../support/phones.ts";
import { PLACES, federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 1 });

for (const { name, caller, callee } of PLACES) {
  test(`${name}: answered, the caller hangs up`, { skip }, async (t) => {
    const results = await call(t, {
      from: file.federation.phone(String(caller)),
      to: file.federation.phone(String(callee)),
      caller: "uac-answered-hangs-up",
      callee: "uas-answers-and-waits-bye",
      ringMs: 100,
      talkMs: 300,
    });
    assert.equal(results.caller.retransmissions, 0, "every message was answered in time");
    assert.equal(results.callee.retransmissions, 0, "every message was answered in time");
  });

  test(`${name}: answered, the callee hangs up`, { skip }, async (t) => {
    await call(t, {
      from: file.federation.phone(String(caller + 2)),
      to: file.federation.phone(String(callee + 2)),
      caller: "uac-answered-remote-hangs-up",
      callee: "uas-answers-and-hangs-up",
    });
  });
}

test("and the other way: London calls Hong Kong", { skip }, async (t) => {
  await call(t, {
    from: file.federation.phone("4005"),
    to: file.federation.phone("1005"),
    caller: "uac-answered-hangs-up",
    callee: "uas-answers-and-waits-bye",
  });
});

test("no call is left over at any node", { skip }, () => {
  const { federation } = file;
  assert.deepEqual(
    [federation.hub, federation.branch(HK), federation.branch(LONDON)].map((node) => node.status().calls),
    [0, 0, 0],
  );
});
