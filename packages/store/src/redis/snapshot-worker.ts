// A thread that moves snapshots between Redis and shared memory; started by snapshot-thread.ts.
import { workerData } from "node:worker_threads";
import { z } from "zod";
import type { SharedText } from "@mss/model";
import { serveThread } from "@mss/runtime";
import { createBackgroundConnection } from "./connections.ts";
import { openClients, watchFailures } from "./open-clients.ts";
import { RedisLink } from "./redis-link.ts";
import { parseRedisUrl } from "./redis-url.ts";
import { readPieces, stagePieces } from "./snapshot-pieces.ts";

export type SnapshotJob =
  | { readonly kind: "read"; readonly key: string; readonly byteLength: number }
  | { readonly kind: "stage"; readonly stage: string; readonly text: SharedText };

const CONNECT_LIMIT_MS = 5_000;
const PIECE_LIMIT_MS = 5_000;

const { url } = z.object({ url: z.string() }).parse(workerData);
const address = parseRedisUrl(url);
let connected: Promise<RedisLink> | undefined;

/** With the first job; a connection that could not be opened is tried again with the next. */
function link(): Promise<RedisLink> {
  connected ??= connect().catch((error: unknown) => {
    connected = undefined;
    throw error;
  });
  return connected;
}

async function connect(): Promise<RedisLink> {
  const client = createBackgroundConnection(address);
  watchFailures(client, () => undefined);
  try {
    await openClients([client], address, CONNECT_LIMIT_MS);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return new RedisLink({ client, address, limitMs: PIECE_LIMIT_MS });
}

function isSnapshotJob(value: unknown): value is SnapshotJob {
  return typeof value === "object" && value !== null && "kind" in value;
}

serveThread(isSnapshotJob, async (job) =>
  job.kind === "read"
    ? readPieces(await link(), job.key, { byteLength: job.byteLength })
    : stagePieces(await link(), job.stage, job.text),
);
