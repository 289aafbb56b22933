import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { CodedError } from "@mss/runtime";

const READY_LIMIT_MS = 30_000;
const POLL_MS = 25;

/** A connection for setting servers up, closed after `body`. A server that is away makes `body` fail at once. */
export async function asAdmin<Result>(
  server: { readonly url: string },
  body: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis(server.url, { retryStrategy: null });
  redis.on("error", () => undefined); // the command that fails says it
  try {
    return await body(redis);
  } finally {
    redis.disconnect();
  }
}

/** Asks again until the answer is yes: servers tell nobody when they have found each other. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + READY_LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > limit) {
      throw new CodedError("REDIS_SERVER_FAILED", "redis servers did not find each other", { what });
    }
    await sleep(POLL_MS);
  }
}
