import assert from "node:assert/strict";

const POLL_MS = 20;

/** Waits for what tells no event, such as a table of the engine that empties; fails with `what` after the limit. */
export async function waitUntil(what: string, isTrue: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, `still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
