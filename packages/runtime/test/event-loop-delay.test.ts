import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics, eventLoopDelay } from "@mss/runtime/http";

const BLOCKED_MS = 120;

/** Observations that were above 50 ms. */
async function above50(registry: ReturnType<typeof createMetrics>): Promise<number> {
  const text = await registry.metrics();
  const count = (bound: string): number =>
    Number(new RegExp(`delay_seconds_bucket\\{le="${bound}",node="n"\\} (\\d+)`).exec(text)?.[1]);
  return count("\\+Inf") - count("0\\.05");
}

test("what was due while the thread was busy counts as late, not only the first", async () => {
  const registry = createMetrics({ node: "n" }, false);
  const delay = eventLoopDelay(registry);
  await delay.start();
  const end = performance.now() + BLOCKED_MS;
  while (performance.now() < end) {
    // busy
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  await delay.stop();
  assert.ok((await above50(registry)) >= 5, "110 ms late, 100 ms, … down to 60 ms");
});
