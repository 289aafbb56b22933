import { setTimeout as sleep } from "node:timers/promises";

/** Resolves after the time, or when the signal comes. Keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
