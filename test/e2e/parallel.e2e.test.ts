import assert from "node:assert/strict";
import { test } from "node:test";
import { HK, LONDON } from "../support/federation.ts";
import { call } from "../support/phones.ts";
import { waitUntil } from "../support/wait-until.ts";
import { PLACES, federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 6 });
const CALLS = 200;

for (const { name, caller, callee } of PLACES) {
  test(`${name}: ${CALLS} calls at once, none lost`, { skip }, async (t) => {
    const { federation } = file;
    const branch = federation.branch(HK);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, branch.activeCalls().filter(({ state }) => state === "answered").length);
    }, 50);
    t.after(() => clearInterval(watch));
    const results = await call(t, {
      from: federation.phone(String(caller)),
      to: federation.phone(String(callee)),
      caller: "uac-answered-hangs-up",
      callee: "uas-answers-and-waits-bye",
      talkMs: 10_000, // longer than the calls take to come
      calls: CALLS,
      callsPerSecond: 25,
      limitMs: 60_000,
    });
    assert.deepEqual([results.caller.successful, results.caller.failed], [CALLS, 0]);
    assert.deepEqual([results.callee.successful, results.callee.failed], [CALLS, 0]);
    assert.equal(most, CALLS, "all were up at the same moment");
    await waitUntil("no call is left at any node", () =>
      [federation.hub, branch, federation.branch(LONDON)].every((node) => node.status().calls === 0),
    );
  });
}
