import assert from "node:assert/strict";
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLog } from "@mss/runtime";
import { mergeCalls, mergeHealth, mergeTrunks, sumOf } from "../src/workers/merge-pages.ts";
import { Supervisor } from "../src/workers/supervisor.ts";
import type { WorkerTiming } from "../src/workers/worker-timing.ts";
import { readPlace } from "../src/workers/worker-member.ts";
import { runProgram } from "./support/run-program.ts";

const SCRIPT = fileURLToPath(new URL("support/worker-script.ts", import.meta.url));
const FAST: WorkerTiming = { minPauseMs: 20, maxPauseMs: 80, steadyMs: 60_000, pingMs: 20, hangMs: 200 };

interface Started {
  readonly supervisor: Supervisor;
  readonly children: readonly ChildProcess[];
  /** Resolves when so many processes have been started in all. */
  readonly forked: (count: number) => Promise<void>;
}

/** Two workers of the script; `what` says what each process does, by how many there were before. */
function supervise(t: TestContext, what: (count: number) => string, timing = FAST): Started {
  const children: ChildProcess[] = [];
  let next = Promise.withResolvers<void>();
  const supervisor = new Supervisor({
    workers: 2,
    fork: (worker) => {
      const env = { ...process.env, MSS_WORKER: `${worker}/2` };
      const child = fork(SCRIPT, [what(children.length)], { env, silent: true });
      children.push(child);
      next.resolve();
      next = Promise.withResolvers<void>();
      return child;
    },
    timing,
    log: silentLog(),
  });
  t.after(() => supervisor.kill());
  return {
    supervisor,
    children,
    async forked(count) {
      while (children.length < count) {
        await next.promise;
      }
    },
  };
}

test("workers are asked and told by the supervisor, and end when it says so", async (t) => {
  const { supervisor, children } = supervise(t, () => "serve");
  assert.deepEqual(await supervisor.start(), { kind: "up" });
  const answers = await supervisor.ask("page", 7);
  assert.deepEqual(
    answers,
    [1, 2].map((worker) => ({ worker, value: { worker, topic: "page", value: 7 } })),
  );
  assert.equal((await supervisor.ask("page", 7, 2)).length, 1);
  await supervisor.drain();
  assert.deepEqual(
    children.map(({ exitCode }) => exitCode),
    [0, 0],
  );
  assert.deepEqual(await supervisor.ask("page", 7), []);
});

test("a worker that ends is started again, and the other one goes on", async (t) => {
  const { supervisor, children, forked } = supervise(t, () => "serve");
  await supervisor.start();
  const [first, second] = children;
  assert.ok(first !== undefined && second !== undefined);
  first.kill("SIGKILL");
  await once(first, "exit");
  await forked(3);
  const again = children[2];
  assert.ok(again !== undefined);
  await once(again, "message"); // it serves
  assert.deepEqual(
    supervisor.statuses.map(({ state, restarts }) => [state, restarts]),
    [
      ["up", 1],
      ["up", 0],
    ],
  );
  assert.equal(second.exitCode, null);
});

test("a worker that cannot start any more is tried again, less and less often", async (t) => {
  const { supervisor, forked, children } = supervise(t, (count) => (count < 2 ? "serve" : "end"));
  await supervisor.start();
  children[0]?.kill("SIGKILL");
  await forked(5);
  assert.equal(supervisor.statuses[1]?.state, "up");
});

test("a worker that answers nothing for long is ended and started again", async (t) => {
  const { supervisor, children, forked } = supervise(t, (count) => (count === 0 ? "hang" : "serve"));
  await supervisor.start();
  await forked(3);
  assert.equal(children[0]?.signalCode, "SIGKILL");
});

test("what keeps the first worker from starting is told once, and no other one is started", async (t) => {
  const { supervisor, children } = supervise(t, () => "fault");
  assert.deepEqual(await supervisor.start(), { kind: "failed", text: "cannot start: no reason", status: 2 });
  assert.equal(children.length, 1);
});

test("when another worker cannot start, all are ended", async (t) => {
  const { supervisor, children } = supervise(t, (count) => (count === 0 ? "serve" : "end"));
  const outcome = await supervisor.start();
  assert.deepEqual(outcome, { kind: "failed", text: "worker 2 ended while it started: status 3", status: 1 });
  assert.equal(children[0]?.signalCode, "SIGKILL");
});

function pages(...bodies: readonly unknown[]) {
  return bodies.map((body, index) => ({ worker: index + 1, body }));
}

test("one page is made of those of all workers", () => {
  assert.deepEqual(mergeCalls(pages([{ id: "a" }], undefined, [{ id: "b" }])), [
    { id: "a", worker: 1 },
    { id: "b", worker: 3 },
  ]);
  assert.deepEqual(
    mergeTrunks(
      pages([{ branch: "hk", state: "down", calls: 1, maxCalls: 3 }], [{ branch: "hk", state: "up", calls: 2 }]),
    ),
    [{ branch: "hk", state: "up", calls: 3, maxCalls: 3 }],
  );
  assert.deepEqual(
    sumOf([
      { a: 1, b: { c: 2 }, d: "x" },
      { a: 3, b: { c: 4, e: 5 } },
    ]),
    {
      a: 4,
      b: { c: 6, e: 5 },
      d: "x",
    },
  );
});

test("a node is well while one of its workers is, and degraded while one is not", () => {
  const statuses = [1, 2].map((worker) => ({ worker, state: "up", restarts: 0 }));
  const report = { ok: true, draining: false, store: "up", planRevision: 4, callRecords: { unsent: 2 } };
  const health = (...reports: readonly unknown[]) =>
    mergeHealth(
      "hub-1",
      statuses,
      reports.map((body, index) => ({ worker: index + 1, body })),
    );
  const both = health(report, { ...report, planRevision: 3, callRecords: { unsent: 5 } });
  assert.deepEqual(
    { ok: both.ok, degraded: both["degraded"], plan: both["planRevision"], records: both["callRecords"] },
    { ok: true, degraded: false, plan: 3, records: { unsent: 7 } },
  );
  assert.deepEqual(
    both["workers"],
    statuses.map((status) => ({ ...status, ok: true })),
  );
  const one = health(report);
  assert.deepEqual([one.ok, one["degraded"]], [true, true]);
  assert.equal(health({ ...report, store: "down" }, report)["store"], "down");
  const draining = { ...report, ok: false, draining: true };
  assert.deepEqual([health(draining, draining).ok, health(draining, draining)["draining"]], [false, true]);
  assert.equal(health().ok, false);
});

test("a worker reads its place, and nothing else", () => {
  assert.deepEqual(readPlace("2/4"), { worker: 2, workers: 4 });
  for (const text of [undefined, "", "2", "0/4", "a/4", "2/4/6"]) {
    assert.equal(readPlace(text), undefined);
  }
});

test("--workers where it cannot be is one line that says why, and status 2", async () => {
  const demo = fileURLToPath(new URL("../../../topology/demo.yaml", import.meta.url));
  const run = (...flags: readonly string[]) =>
    runProgram(["run", demo, "--workers", "2", ...flags], "redis://127.0.0.1:1");
  const cases = [
    [await run(), /for one hub: say which with --node ID/],
    [await run("--node", "hk"), /A branch runs in one process/],
    [await runProgram(["run", demo, "--workers", "2", "--node", "hub-1"]), /needs REDIS_URL/],
    [await runProgram(["run", demo, "--workers", "0"]), /a whole number from 1 to 64/],
    [await runProgram(["run", demo, "--worker-ports", "x"]), /a whole number/],
  ] as const;
  for (const [{ status, err }, expected] of cases) {
    assert.match(err, expected);
    assert.equal(status, 2);
    assert.equal(err.trimEnd().split("\n").length, 1);
  }
});
