// From `apply` to every hub routing by it, with a real Redis: node packages/t-mss/bench/apply.ts [applies] [hubs]
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { hubIdSchema } from "@mss/model";
import type { Snapshot } from "@mss/model";
import { createLog, silentLog } from "@mss/runtime";
import { connectRedis } from "@mss/store";
import type { RedisStores } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import { applyTopology } from "@mss/topology";
import type { PublicationOutcome } from "@mss/topology";
import { startHub } from "../src/index.ts";
import { hubSettings, snapshotOf } from "../test/support/settings.ts";

const [, , first = "400", second = "5", redisUrl] = process.argv;
const APPLIES = Number(first);
const HUBS = Number(second);
const WARM_UP = 20;

interface InForce {
  readonly revision: number;
  /** Milliseconds since 1970, with fractions: one clock for all processes of the machine. */
  readonly atMs: number;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function candidate(turn: number): Snapshot {
  return snapshotOf({ london: { numbers: ["4xxx", String(60_000 + turn)], maxCalls: 10 + (turn % 7) } });
}

/** A hub as it runs, in a process of its own; tells when a revision is in force. */
async function runHub(host: string, url: string): Promise<void> {
  const hub = await startHub({
    settings: hubSettings(host, { id: hubIdSchema.parse(`hub-${host.split(".").at(-1)}`) }),
    store: { kind: "redis", url },
    engine: { kind: "embedded" },
    log: createLog({ level: "error" }),
  });
  hub.on("plan", (revision) => process.send?.({ revision, atMs: now() } satisfies InForce));
  process.once("disconnect", () => void hub.stop());
  process.send?.({ revision: 0, atMs: now() } satisfies InForce);
}

async function startHubs(url: string): Promise<readonly ChildProcess[]> {
  const hubs = Array.from({ length: HUBS }, (_unused, at) =>
    fork(import.meta.filename, ["hub", `127.40.0.${at + 1}`, url]),
  );
  await Promise.all(hubs.map((hub) => once(hub, "message")));
  return hubs;
}

/** Resolves with the time at which the last hub had it. */
function untilAllHave(hubs: readonly ChildProcess[], revision: number): Promise<number> {
  const times = hubs.map(
    (hub) =>
      new Promise<number>((resolve) => {
        const listen = (told: InForce): void => {
          if (told.revision >= revision) {
            hub.off("message", listen);
            resolve(told.atMs);
          }
        };
        hub.on("message", listen);
      }),
  );
  return Promise.all(times).then((all) => Math.max(...all));
}

function quantile(sorted: readonly number[], at: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN).toFixed(1);
}

function apply({ topology: store }: RedisStores, turn: number): Promise<PublicationOutcome> {
  const common = { signingKeys: [], author: "bench", message: "", force: false };
  return applyTopology({ store, snapshot: candidate(turn), now: new Date(), ...common });
}

async function main(): Promise<void> {
  const redis = await startRedis();
  const stores = connectRedis({ url: redis.url, federation: "acme", log: silentLog() });
  const hubs = await startHubs(redis.url);
  await stores.start();
  const took: { all: number; published: number }[] = [];
  for (let turn = 1; turn <= APPLIES + WARM_UP; turn += 1) {
    const everywhere = untilAllHave(hubs, turn);
    const begun = now();
    const outcome = await apply(stores, turn);
    const published = now() - begun;
    if (outcome.kind !== "published" || outcome.sealed.header.revision !== turn) {
      throw new Error(`apply ${turn}: ${outcome.kind}`);
    }
    const all = (await everywhere) - begun;
    if (turn > WARM_UP) {
      took.push({ all, published });
    }
  }
  for (const [name, key] of [
    ["apply to every hub routing by it", "all"],
    ["of that, until it is published", "published"],
  ] as const) {
    const sorted = took.map((each) => each[key]).toSorted((one, other) => one - other);
    const figures = `p50 ${quantile(sorted, 0.5)} ms, p99 ${quantile(sorted, 0.99)} ms, longest ${quantile(sorted, 1)} ms`;
    process.stdout.write(`${name}: ${figures}\n`);
  }
  process.stdout.write(`${APPLIES} applies, ${HUBS} hubs, node ${process.version}, ${cpus()[0]?.model ?? "?"}\n`);
  for (const hub of hubs) {
    hub.disconnect();
  }
  await Promise.all(hubs.map((hub) => once(hub, "exit")));
  await stores.stop();
  await redis.stop();
}

if (first === "hub" && redisUrl !== undefined) {
  await runHub(second, redisUrl);
} else {
  await main();
}
