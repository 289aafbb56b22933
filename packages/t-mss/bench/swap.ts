// A hub takes a revision of a million ranges while its event loop is watched: node packages/t-mss/bench/swap.ts
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { revisionHeaderSchema } from "@mss/model";
import type { SealedRevision, TopologyStore } from "@mss/model";
import { TypedEmitter, createLog } from "@mss/runtime";
import { createMemoryStores, openCopyFile } from "@mss/store";
import { compilePlan } from "../src/compile/compile-plan.ts";
import { preparePlan } from "../src/compile/prepare-plan.ts";
import { PlanFeed } from "../src/plan-feed.ts";

const RANGES = Number(process.argv[2] ?? 1_000_000);
const BRANCHES = 200;
const SWAPS = 5;
const FEDERATION = "acme";
/** Of a small plan, to see from which size on a thread is worth its start. */
const SMALL = [10, 100, 300, 1_000, 3_000, 10_000];
const SMALL_ROUNDS = 30;

/** As `sealRevision` makes it, from the text at once: a million texts as objects would be the benchmark. */
function revision(number: number, ranges: number): SealedRevision {
  const branches = Array.from({ length: BRANCHES }, (_unused, branch) => {
    const own = Math.ceil(ranges / BRANCHES);
    const numbers = Array.from({ length: Math.min(own, Math.max(0, ranges - branch * own)) }, (_range, at) => {
      const low = 1_000_000_000 + (branch * own + at) * 5_000;
      return `"${low}-${low + 2_000 + ((branch + number) % 7)}"`;
    });
    const id = `b${String(branch).padStart(3, "0")}`;
    return `{"hubs":["hub-1"],"id":"${id}","maxCalls":30,"name":"Branch ${id}","numbers":[${numbers.join(",")}]}`;
  });
  const text = `{"branches":[${branches.join(",")}],"federation":"${FEDERATION}","hubs":[]}`;
  const snapshot = Buffer.from(text).toString("latin1"); // one text in one place, as it comes from a socket
  const header = revisionHeaderSchema.parse({
    federation: FEDERATION,
    revision: number,
    hash: createHash("sha256").update(snapshot).digest("hex"),
    publishedAt: new Date(0).toISOString(),
    author: "bench",
    message: "",
  });
  return { header, texts: { header: JSON.stringify(header), snapshot } };
}

/** Longest time between two turns of the event loop, in milliseconds. */
async function longestDelay(
  work: () => Promise<unknown>,
): Promise<{ readonly stallMs: number; readonly tookMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await work();
  const tookMs = performance.now() - start;
  await sleep(100);
  delay.disable();
  return { stallMs: delay.max / 1e6, tookMs };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Shows a hub one revision after the other. */
function shownStore(): { readonly store: TopologyStore; readonly show: (current: SealedRevision) => void } {
  const { topology } = createMemoryStores();
  let listener: ((current: SealedRevision | undefined) => void) | undefined;
  const store: TopologyStore = {
    current: () => topology.current(),
    read: (number) => topology.read(number),
    history: (query) => topology.history(query),
    publish: (candidate, expected) => topology.publish(candidate, expected),
    restore: ({ header }) => Promise.resolve({ kind: "kept", revision: header.revision }),
    watch(onChange) {
      listener = onChange;
      onChange(undefined);
      return Promise.resolve(() => Promise.resolve());
    },
  };
  return { store, show: (current) => listener?.(current) };
}

function list(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(", ");
}

async function swaps(folder: string): Promise<readonly string[]> {
  const { store, show } = shownStore();
  const inForce = new TypedEmitter<{ plan: [revision: number] }>(() => undefined);
  const feed = new PlanFeed({
    store,
    federation: FEDERATION,
    hub: "hub-1",
    copy: openCopyFile(path.join(folder, "hub-1.topology")),
    onPlan: ({ revision: number }) => inForce.emit("plan", number),
    log: createLog({ level: "error" }),
  });
  await feed.start();
  const take = async (offered: SealedRevision): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const off = inForce.on("plan", (number) => number === offered.header.revision && resolve());
    show(offered);
    await promise;
    off();
    await feed.copied();
  };
  const seen: { swap: number; took: number; idle: number }[] = [];
  for (let number = 1; number <= SWAPS; number += 1) {
    const offered = revision(number, RANGES);
    await sleep(1_000);
    globalThis.gc?.(); // what the benchmark leaves behind is not the hub's
    const { stallMs: swap, tookMs } = await longestDelay(() => take(offered));
    const { stallMs: idle } = await longestDelay(() => sleep(tookMs));
    seen.push({ swap, took: tookMs, idle });
  }
  await feed.stop();
  return [
    `longest stall of each swap        ${list(seen.map(({ swap }) => swap))} ms`,
    `longest stall without one, after  ${list(seen.map(({ idle }) => idle))} ms`,
    `offered to in force and on disk   middle ${(median(seen.map(({ took }) => took)) / 1_000).toFixed(1)} s`,
  ];
}

async function sizes(): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const ranges of SMALL) {
    const task = {
      candidate: revision(2, ranges),
      inForce: revision(1, ranges),
      federation: FEDERATION,
      trustedKeys: [],
    };
    const times = Array.from({ length: SMALL_ROUNDS }, () => {
      const start = process.threadCpuUsage();
      preparePlan(task);
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1_000;
    });
    const size = task.candidate.texts.snapshot.length + task.inForce.texts.snapshot.length;
    lines.push(
      `${ranges} ranges, ${size} characters: middle ${median(times).toFixed(1)} ms of processor time in place, longest ${Math.max(...times).toFixed(1)} ms`,
    );
  }
  const start = performance.now();
  const task = { candidate: revision(2, 10_000), federation: FEDERATION, trustedKeys: [] };
  await compilePlan(task, { signal: new AbortController().signal });
  lines.push(`10000 ranges in a thread: ${(performance.now() - start).toFixed(0)} ms`);
  return lines;
}

const folder = await mkdtemp(path.join(tmpdir(), "mss-swap-"));
try {
  const head = `node ${process.version}, ${cpus()[0]?.model ?? "?"}, ${RANGES} ranges`;
  process.stdout.write(`${[head, ...(await swaps(folder)), ...(await sizes())].join("\n")}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
