import { Redis } from "ioredis";
import { withDeadline } from "@mss/runtime";
import type { StoreError, StoreErrorCode } from "../errors.ts";
import { toStoreError } from "./redis-error.ts";
import type { RedisClient } from "./redis-client.ts";
import type { RedisAddress } from "./redis-url.ts";

const CLOSE_LIMIT_MS = 500;
/** Failures that trying again cannot mend. */
const BEYOND_RETRY: readonly StoreErrorCode[] = ["STORE_ACCESS_DENIED", "STORE_UNTRUSTED"];

/** Calls back with every failure to connect, of a server or of a node of a cluster, for as long as the client lives. */
export function watchFailures(client: RedisClient, onFailure: (error: unknown) => void): void {
  // An ioredis error event without a listener is written to the console.
  client.on("error", onFailure);
  client.on("node error", onFailure);
  if (client instanceof Redis) {
    surviveSecondError(client);
  } else {
    client.on("+node", surviveSecondError);
  }
}

/**
 * ioredis hears the first error of a socket only. A TLS socket whose server was refused may have a second one, which
 * nobody would hear, and which would end the process.
 */
function surviveSecondError(client: Redis): void {
  client.on("error", () => {
    client.stream.on("error", () => undefined);
  });
}

/**
 * Connects and resolves when all are ready. Rejects with `STORE_ACCESS_DENIED` or `STORE_UNTRUSTED` at once, since trying
 * again cannot mend it, and with `STORE_UNAVAILABLE` after the limit; the clients go on trying all the same, until they are closed.
 */
export async function openClients(
  clients: readonly RedisClient[],
  address: RedisAddress,
  limitMs: number,
): Promise<void> {
  let last: StoreError | undefined;
  const opened = clients.map((client) =>
    open(client, address, (failure) => {
      last = failure;
    }),
  );
  try {
    await withDeadline(Promise.all(opened), limitMs, "connect to redis");
  } catch (error) {
    throw last ?? toStoreError(error, "connect", address);
  }
}

async function open(
  client: RedisClient,
  address: RedisAddress,
  onFailure: (failure: StoreError) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: unknown): void => {
    const failure = toStoreError(error, "connect", address);
    onFailure(failure);
    if (BEYOND_RETRY.includes(failure.code)) {
      reject(failure);
    }
  };
  client.on("error", onError);
  client.on("node error", onError);
  client.once("ready", resolve);
  client.connect().catch(() => undefined); // said by the error event; ioredis tries again
  try {
    await promise;
  } finally {
    client.off("error", onError);
    client.off("node error", onError);
    client.off("ready", resolve);
  }
}

/** Ends a client, whatever it is doing. Its links are closed by whoever has them. */
export async function closeClient(client: RedisClient): Promise<void> {
  if (client.status === "end") {
    return;
  }
  const ended = new Promise<void>((resolve) => {
    client.once("end", resolve);
  });
  client.disconnect();
  // Between two attempts to connect ioredis has no socket whose end it could see, and tells no end.
  await withDeadline(ended, CLOSE_LIMIT_MS, "disconnect from redis").catch(() => undefined);
}
