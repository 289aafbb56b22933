import timers from "node:timers/promises";

/** Resolves after the time, or when the signal comes. Keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // by the object, and not by a name of its own, which the mock timers of node:test would not reach
  await timers.setTimeout(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
