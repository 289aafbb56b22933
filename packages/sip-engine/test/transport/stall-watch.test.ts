import assert from "node:assert/strict";
import { test } from "node:test";
import { StallWatch } from "../../src/transport/stall-watch.ts";

test("what is read after the process stood still has waited, for a moment", (t) => {
  let now = 0;
  const stalls: number[] = [];
  const watch = new StallWatch(
    (ms) => stalls.push(ms),
    () => now,
  );
  watch.start();
  t.after(() => watch.stop());
  for (let tick = 0; tick < 20; tick += 1) {
    now += 250;
    assert.equal(watch.isCatchingUp, false);
    watch.tick();
  }
  now += 1_900;
  assert.equal(watch.isCatchingUp, false, "slow, but nobody has given up");
  watch.tick();
  now += 5_000;
  assert.equal(watch.isCatchingUp, true, "a datagram may be read before any timer runs");
  now += 100;
  watch.tick();
  assert.equal(watch.isCatchingUp, true);
  now += 200;
  watch.tick();
  assert.equal(watch.isCatchingUp, false);
  assert.deepEqual(stalls, [5_000]);
});

test("a watch that does not run knows of nothing", () => {
  let now = 0;
  const watch = new StallWatch(
    () => assert.fail("it does not run"),
    () => now,
  );
  now = 60_000;
  assert.equal(watch.isCatchingUp, false);
});
