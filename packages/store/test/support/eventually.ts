import { setTimeout as sleep } from "node:timers/promises";
import assert from "node:assert/strict";

/** Polls until `condition` holds; for states of another process that tell nobody of their change. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  limitMs = 10_000,
): Promise<void> {
  const limit = performance.now() + limitMs;
  while (!(await condition())) {
    assert.ok(performance.now() < limit, `did not happen within ${limitMs} ms: ${what}`);
    await sleep(10);
  }
}
