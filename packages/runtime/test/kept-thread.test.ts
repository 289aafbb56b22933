import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { KeptThread } from "@mss/runtime";
import type { KeptThreadOptions } from "@mss/runtime";

const RUNTIME = JSON.stringify(import.meta.resolve("@mss/runtime"));

/** A program that does these jobs: its number, a failure with a code, its data, or nothing at all. */
const PROGRAM = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { threadId, workerData } from "node:worker_threads";
    import { CodedError, serveThread } from ${RUNTIME};
    serveThread((job) => job !== undefined, (job) => {
      if (job === "fail") throw new CodedError("BROKEN", "it is broken");
      return job === "hang" ? new Promise(() => setInterval(() => undefined, 1_000)) : { threadId, workerData, job };
    });`)}`,
);

interface Answer {
  readonly threadId: number;
  readonly workerData: unknown;
  readonly job: unknown;
}

function threadIn(t: TestContext, options: Partial<KeptThreadOptions> = {}): KeptThread {
  const thread = new KeptThread({ program: PROGRAM, name: "test", jobLimitMs: 10_000, ...options });
  t.after(() => thread.stop());
  return thread;
}

test("one thread does one job after the other, and knows its data", async (t) => {
  const thread = threadIn(t, { data: { colour: "red" } });
  const [one, two] = await Promise.all([thread.run<Answer>(1), thread.run<Answer>(2)]);
  assert.deepEqual([one.threadId, one.job, two.job], [two.threadId, 1, 2]);
  assert.deepEqual(one.workerData, { colour: "red" });
});

test("a job that fails is told with its code, and the thread goes on", async (t) => {
  const thread = threadIn(t);
  const before = await thread.run<Answer>(1);
  const refusal = { code: "THREAD_REFUSED", message: "it is broken", details: { code: "BROKEN" } };
  await assert.rejects(thread.run("fail"), refusal);
  assert.equal((await thread.run<Answer>(2)).threadId, before.threadId);
});

test("a thread whose job is not wanted any more, takes too long, or that ends, is another one for the next job", async (t) => {
  const thread = threadIn(t);
  const before = await thread.run<Answer>(1);
  await assert.rejects(thread.run("hang", AbortSignal.timeout(5)), { name: "TimeoutError" });
  assert.notEqual((await thread.run<Answer>(2)).threadId, before.threadId);
  await assert.rejects(thread.run(3, AbortSignal.abort()), { name: "AbortError" });
  await assert.rejects(threadIn(t, { jobLimitMs: 5 }).run("hang"), { code: "DEADLINE_EXCEEDED" });
  await assert.rejects(threadIn(t, { program: new URL("data:text/javascript,") }).run(1), /ended with 0/);
});

test("a thread ends when nothing is asked of it for a while", async (t) => {
  const thread = threadIn(t, { keepMs: 0 });
  const before = await thread.run<Answer>(1);
  await new Promise((resolve) => setTimeout(resolve, 5)); // longer than it is kept
  assert.notEqual((await thread.run<Answer>(2)).threadId, before.threadId);
});
