import assert from "node:assert/strict";

const POLL_MS = 20;

/** Waits for something that tells no event; fails with `what` when it is not true within the limit. */
export async function waitUntil(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadline, `still not after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
