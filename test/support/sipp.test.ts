import assert from "node:assert/strict";
import { test } from "node:test";
import { runSipp, skipWithoutSipp, startSipp } from "./sipp.ts";

const NUMBER = "4000";
const skip = skipWithoutSipp();

test("SIPp runs to its end and tells what it counted", { skip }, async (t) => {
  const callee = await startSipp(t, { scenario: "uas-busy", local: "127.20.250.2", number: NUMBER, calls: 3 });
  const caller = await startSipp(t, {
    scenario: "uac-expects-busy",
    local: "127.20.250.1",
    remote: "127.20.250.2",
    number: NUMBER,
    caller: "1000",
    password: "secret",
    calls: 3,
    limitMs: 3_000,
  });
  // The callee gives no challenge, which is not what the caller expects.
  const wrong = await caller.finished;
  assert.notEqual(wrong.exitCode, 0);
  assert.equal(wrong.failed, 3);
  assert.match(wrong.errors, /unexpected message .* received 'SIP\/2\.0 486 Busy Here/);
  await callee.stop();
});

test("a scenario that finds nobody fails at its limit, and says so", { skip }, async (t) => {
  await assert.rejects(
    runSipp(t, {
      scenario: "register",
      local: "127.20.250.3",
      remote: "127.20.250.4",
      number: NUMBER,
      caller: NUMBER,
      password: "secret",
      keys: { expires: "60" },
      limitMs: 1_000,
    }),
    /register did not go as it should: exit code/,
  );
});

test("two instances cannot have one address", { skip }, async (t) => {
  const options = { scenario: "uas-busy", local: "127.20.250.5", number: NUMBER, limitMs: 2_000 };
  const first = await startSipp(t, options);
  const second = await startSipp(t, options);
  assert.notEqual((await second.finished).exitCode, 0);
  await first.stop();
});
