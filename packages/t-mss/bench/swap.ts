// A hub takes revisions of a million ranges from Redis while its event loop is watched: node packages/t-mss/bench/swap.ts [ranges] [swaps] [--realtime]
import { execFileSync, fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { BranchId, Snapshot } from "@mss/model";
import { branchIdSchema } from "@mss/model";
import { createLog, silentLog } from "@mss/runtime";
import { connectRedis } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import { hashedSnapshot, sealRevision } from "@mss/topology";
import { startHub } from "../src/index.ts";
import { PlanThread } from "../src/compile/plan-thread.ts";
import { planCompiler } from "../src/compile/compile-plan.ts";
import { preparePlan } from "../src/compile/prepare-plan.ts";
import { HUB_ID, hubSettings } from "../test/support/settings.ts";
import { LoopWatch } from "./loop-watch.ts";
import type { LoopStalls } from "./loop-watch.ts";

const REALTIME = "--realtime";
const given = process.argv.slice(2).filter((argument) => argument !== REALTIME);
const [first = "1000000", second = "5", redisUrl = "", directory = ""] = given;
const BRANCHES = 200;
const TARGET_MS = 10;
/** Before the first swap that counts: modules are loaded, code is compiled. */
const WARM_UP = 1;
/** How long the loop is watched after a plan is in force and on the disk. */
const AFTER_MS = 2_000;
/** Of a small plan, to see from which size on a thread is worth its start. */
const SMALL = [10, 300, 1_000, 3_000, 10_000];
const SMALL_ROUNDS = 30;

type Told =
  { readonly kind: "ready" } | { readonly kind: "taken" } | { readonly kind: "stalls"; readonly stalls: LoopStalls };
type Asked = "watch" | "report";

function isTold(message: unknown): message is Told {
  return typeof message === "object" && message !== null && "kind" in message;
}

function branchOf(at: number): BranchId {
  return branchIdSchema.parse(`b${String(at).padStart(3, "0")}`);
}

/** Every range differs from that of the revision before. */
function candidate(revision: number, ranges: number): Snapshot {
  const own = Math.ceil(ranges / BRANCHES);
  const branches = Array.from({ length: BRANCHES }, (_unused, branch) => {
    const numbers = Array.from({ length: Math.min(own, Math.max(0, ranges - branch * own)) }, (_range, at) => {
      const low = 1_000_000_000 + (branch * own + at) * 5_000;
      return `${low}-${low + 2_000 + ((branch + revision) % 7)}`;
    });
    const id = branchOf(branch);
    return { id, name: `Branch ${id}`, numbers, maxCalls: 30, hubs: [HUB_ID] };
  });
  return hashedSnapshot({ federation: "acme", hubs: [], branches });
}

/** A process that is watched when its parent says so. */
function obey(watch: LoopWatch): void {
  process.on("message", (asked: Asked) => {
    if (asked === "watch") {
      watch.begin();
    } else {
      process.send?.({ kind: "stalls", stalls: watch.end() } satisfies Told);
    }
  });
  process.send?.({ kind: "ready" } satisfies Told);
}

/** A hub as it runs. Tells when a plan is in force and on its disk. */
async function runHub(): Promise<void> {
  const hub = await startHub({
    settings: { ...hubSettings("127.41.0.1"), dataDirectory: directory },
    store: { kind: "redis", url: redisUrl },
    engine: { kind: "embedded" },
    log: createLog({ level: "error" }),
  });
  hub.on("plan", () => process.send?.({ kind: "taken" } satisfies Told));
  process.once("disconnect", () => void hub.stop());
  obey(new LoopWatch());
}

interface Watched {
  readonly process: ChildProcess;
  readonly until: (kind: Told["kind"]) => Promise<Told>;
}

async function started(mode: "hub" | "idle", ...more: readonly string[]): Promise<Watched> {
  const child = fork(import.meta.filename, [mode, second, ...more]);
  const until = async (kind: Told["kind"]): Promise<Told> => {
    for (;;) {
      const messages: unknown[] = await once(child, "message");
      const told = messages[0];
      if (isTold(told) && told.kind === kind) {
        return told;
      }
    }
  };
  await until("ready");
  if (process.argv.includes(REALTIME)) {
    // Of the thread that is watched, and of no other: it has a processor as soon as it wants one, whatever else the machine does.
    execFileSync("chrt", ["--reset-on-fork", "--fifo", "--pid", "1", String(child.pid)]);
  }
  return { process: child, until };
}

async function stallsOf({ process: child, until }: Watched): Promise<LoopStalls> {
  const told = until("stalls");
  child.send("report" satisfies Asked);
  const answer = await told;
  return answer.kind === "stalls" ? answer.stalls : Promise.reject(new Error("no report"));
}

interface Swap {
  readonly tookMs: number;
  readonly swap: LoopStalls;
  /** Of a process beside it with nothing to do, at the same time: what the machine adds. */
  readonly beside: LoopStalls;
  /** Of the hub, for as long, without a swap. */
  readonly idle: LoopStalls;
}

async function swaps(folder: string): Promise<readonly Swap[]> {
  const redis = await startRedis();
  const stores = connectRedis({ url: redis.url, federation: "acme", log: silentLog() });
  await stores.start();
  const [hub, beside] = [await started("hub", redis.url, folder), await started("idle")];
  const seen: Swap[] = [];
  for (let number = 1; number <= Number(second) + WARM_UP; number += 1) {
    const fields = { revision: number, publishedAt: new Date().toISOString(), author: "bench", message: "" };
    const sealed = sealRevision(candidate(number, Number(first)), fields);
    await sleep(500);
    hub.process.send("watch" satisfies Asked);
    beside.process.send("watch" satisfies Asked);
    const start = performance.now();
    const taken = hub.until("taken");
    await stores.topology.publish(sealed, number - 1);
    await taken;
    const tookMs = performance.now() - start;
    await sleep(AFTER_MS); // the copy is written, and what the old plan took is given back
    const swap = { tookMs, swap: await stallsOf(hub), beside: await stallsOf(beside) };
    hub.process.send("watch" satisfies Asked);
    await sleep(tookMs + AFTER_MS);
    seen.push({ ...swap, idle: await stallsOf(hub) });
  }
  hub.process.disconnect();
  beside.process.disconnect();
  await once(hub.process, "exit");
  await stores.stop();
  await redis.stop();
  return seen.slice(WARM_UP);
}

function list(values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(", ");
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function linesOf(seen: readonly Swap[]): readonly string[] {
  const longest = Math.max(...seen.map(({ swap }) => swap.longestMs));
  const busiest = Math.max(...seen.map(({ swap }) => swap.longestBusyMs));
  const machine = Math.max(...seen.map(({ beside }) => beside.longestMs));
  const doubt =
    machine > TARGET_MS
      ? `; a process with nothing to do stood still for ${machine.toFixed(1)} ms: the machine is busy`
      : "";
  const verdict = (value: number): string => `${value <= TARGET_MS ? "met" : "NOT MET"} (${value.toFixed(1)} ms)`;
  return [
    `from publish to in force              middle ${(median(seen.map(({ tookMs }) => tookMs)) / 1_000).toFixed(1)} s`,
    `longest stall with a swap             ${list(seen.map(({ swap }) => swap.longestMs))} ms`,
    `  of the processor in one turn        ${list(seen.map(({ swap }) => swap.longestBusyMs))} ms`,
    `  longest garbage collection          ${list(seen.map(({ swap }) => swap.longestGcMs))} ms`,
    `  p99.9 of the turns                  ${list(seen.map(({ swap }) => swap.p999Ms))} ms`,
    `longest stall of the hub without one  ${list(seen.map(({ idle }) => idle.longestMs))} ms`,
    `longest stall of an idle process      ${list(seen.map(({ beside }) => beside.longestMs))} ms, during the swap`,
    `processor in one turn ≤ ${TARGET_MS} ms: ${verdict(busiest)}`,
    `longest stall ≤ ${TARGET_MS} ms: ${verdict(longest)}${doubt}`,
  ];
}

async function sizes(): Promise<readonly string[]> {
  const lines: string[] = [];
  const fields = { revision: 1, publishedAt: new Date(0).toISOString(), author: "bench", message: "" };
  const taskOf = (ranges: number) => ({
    candidate: sealRevision(candidate(1, ranges), fields),
    federation: "acme",
    trustedKeys: [],
  });
  for (const ranges of SMALL) {
    const task = taskOf(ranges);
    const times = Array.from({ length: SMALL_ROUNDS }, () => {
      const start = process.threadCpuUsage();
      preparePlan(task);
      const { user, system } = process.threadCpuUsage(start);
      return (user + system) / 1_000;
    });
    const size = task.candidate.texts.snapshot.length;
    const figures = `middle ${median(times).toFixed(1)} ms of processor time in place, longest ${Math.max(...times).toFixed(1)} ms`;
    lines.push(`${ranges} ranges, ${size} bytes: ${figures}`);
  }
  const thread = new PlanThread();
  for (const when of ["that begins", "that is there already"]) {
    const start = performance.now();
    await planCompiler(thread)(taskOf(10_000), new AbortController().signal);
    lines.push(`10000 ranges in a thread ${when}: ${(performance.now() - start).toFixed(0)} ms`);
  }
  await thread.stop();
  return lines;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-swap-"));
  try {
    const load = loadavg()[0]?.toFixed(1) ?? "?";
    const head = `node ${process.version}, ${cpus()[0]?.model ?? "?"}, load ${load}, ${first} ranges`;
    const lines = [head, ...linesOf(await swaps(folder)), ...(await sizes())];
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (first === "hub") {
  await runHub();
} else if (first === "idle") {
  obey(new LoopWatch());
} else {
  await main();
}
