import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hubIdSchema, sharedText } from "@mss/model";
import type { SealedRevision, Snapshot } from "@mss/model";
import { createSigningKeyPem, readSigningKey } from "@mss/topology";
import { planCompiler } from "../src/compile/compile-plan.ts";
import type { CompilePlan } from "../src/compile/compile-plan.ts";
import { PlanThread } from "../src/compile/plan-thread.ts";
import { preparePlan } from "../src/compile/prepare-plan.ts";
import type { PlanTask } from "../src/compile/prepare-plan.ts";
import { diskOf, feedOf, nextPlan, revisionOf, scriptedStore } from "./support/plan-feed.ts";
import { compileOwners } from "../src/routing-plan.ts";
import { LONDON, PARIS, snapshotOf } from "./support/settings.ts";

const TRUST = { federation: "acme", trustedKeys: [] };
const BROKEN = new URL("data:text/javascript,throw new Error('out of order')");
const QUESTION = {
  question: { from: "1000", to: "4000" },
  hash: "",
  hub: hubIdSchema.parse("hub-1"),
  revision: 1,
  nowMs: 0,
  trunks: [],
};
const NEVER = new AbortController().signal;

/** So large that no hub compiles it in the thread of its calls. */
function large(paris: readonly string[] = ["5xxx"]): Snapshot {
  const numbers = Array.from({ length: 2_000 }, (_unused, at) => `4${100_000 + at * 20}-4${100_000 + at * 20 + 12}`);
  return snapshotOf({ london: { numbers }, paris: { numbers: paris } });
}

function compilerIn(t: TestContext, program?: URL): CompilePlan {
  const thread = new PlanThread(program);
  t.after(() => thread.stop());
  return planCompiler(thread);
}

/** What a revision is compared with, as a hub that routes by it has it. */
function ownersOf(snapshot: Snapshot): Pick<PlanTask, "owners"> {
  return { owners: compileOwners(snapshot) };
}

test("a large plan is compiled in a thread of its own, with the outcome that it has here", async (t) => {
  const key = readSigningKey(createSigningKeyPem());
  const second = revisionOf(2, large(["5xxx", "6xxx"]), {}, key);
  const inForce = ownersOf(large());
  const tasks: readonly (readonly [string, PlanTask])[] = [
    ["prepared", { ...TRUST, candidate: second, ...inForce, trustedKeys: [key.publicKey] }],
    ["it takes many numbers away", { ...TRUST, candidate: revisionOf(2, snapshotOf()), ...inForce }],
    ["it makes no dial plan", { ...TRUST, candidate: revisionOf(2, large(["4100000-4100012"])), ...inForce }],
  ];
  const compile = compilerIn(t);
  for (const [outcome, task] of tasks) {
    const prepared = await compile(task, NEVER);
    assert.ok((prepared.kind === "refused" ? prepared.reason : prepared.kind).includes(outcome), outcome);
    assert.deepEqual(prepared, preparePlan(task));
  }
});

test("the memory of a plan is shared with the thread that made it, not copied", () => {
  const prepared = preparePlan({ ...TRUST, candidate: revisionOf(1, large()) });
  assert.ok(prepared.kind === "prepared");
  const { owners } = structuredClone(prepared);
  prepared.owners.entries.low[0] = 7;
  assert.equal(owners.entries.low[0], 7);
  assert.deepEqual(
    prepared.outline.branches.map(({ numbers }) => numbers),
    [[], [], []],
  );
});

test("a thread that fails, or is not wanted any more, is a rejection, and the next job has another", async (t) => {
  const task = { ...TRUST, candidate: revisionOf(1, large()) };
  await assert.rejects(compilerIn(t, BROKEN)(task, NEVER), { message: "out of order" });
  const silent = new URL("data:text/javascript,");
  await assert.rejects(compilerIn(t, silent)(task, NEVER), /ended with 0/);
  const thread = new PlanThread();
  t.after(() => thread.stop());
  const compile = planCompiler(thread);
  await assert.rejects(compile(task, AbortSignal.timeout(1)), { name: "TimeoutError" });
  await assert.rejects(compile(task, AbortSignal.abort()), { name: "AbortError" });
  const explain = { ...QUESTION, text: sharedText("{") };
  await assert.rejects(thread.run({ kind: "explain", task: explain }, NEVER), /JSON/);
  assert.equal((await compile(task, NEVER)).kind, "prepared");
});

test("when the thread fails the plan in force stays, the failure is told, and the next revision is taken", async (t) => {
  let works = true;
  const [good, bad] = [compilerIn(t), compilerIn(t, BROKEN)];
  const compile: CompilePlan = (task, signal) => (works ? good : bad)(task, signal);
  const { store, tell } = scriptedStore(revisionOf(5, large()));
  const { onPlan, until } = nextPlan();
  const disk = diskOf();
  const feed = feedOf(t, { store, compile, onPlan, copy: disk });
  await feed.start();
  assert.equal(feed.plan?.calls.numbers.targetOf("4100025"), LONDON);
  works = false;
  const refused = new Promise<void>((resolve) => {
    const looking = setInterval(() => {
      if (feed.refused !== undefined) {
        clearInterval(looking);
        resolve();
      }
    }, 10);
  });
  tell(revisionOf(6, large(["7xxx", "5xxx"])));
  await refused;
  assert.match(feed.refused?.reason ?? "", /could not be compiled here: out of order/);
  assert.deepEqual(
    [feed.plan?.revision, feed.plan?.calls.numbers.targetOf("4100025"), disk.saved.length],
    [5, LONDON, 1],
  );
  works = true;
  tell(revisionOf(7, large(["5xxx", "8xxx"])));
  await until(7);
  assert.deepEqual([feed.refused, feed.plan?.calls.numbers.targetOf("8000")], [undefined, PARIS]);
});

test("what comes while a plan is compiled waits, the newest takes the place of the others, and none goes back", async (t) => {
  const gates = new Map<number, PromiseWithResolvers<void>>();
  const begun = new Map<number, PromiseWithResolvers<void>>();
  const gate = (of: typeof gates, revision: number): PromiseWithResolvers<void> => {
    const known = of.get(revision) ?? Promise.withResolvers<void>();
    of.set(revision, known);
    return known;
  };
  const compile: CompilePlan = async (task) => {
    const { revision } = task.candidate.header;
    gate(begun, revision).resolve();
    await gate(gates, revision).promise;
    return preparePlan(task);
  };
  const taken: number[] = [];
  const { onPlan, until } = nextPlan();
  const { store, tell } = scriptedStore(undefined);
  const feed = feedOf(t, {
    store,
    compile,
    onPlan: (plan) => {
      taken.push(plan.revision);
      onPlan(plan);
    },
  });
  await feed.start();
  const revisions = [6, 7, 8].map((revision): SealedRevision => revisionOf(revision, snapshotOf()));
  revisions.slice(0, 1).forEach(tell);
  await gate(begun, 6).promise;
  revisions.slice(1).forEach(tell);
  assert.equal(feed.plan, undefined);
  gate(gates, 8).resolve();
  gate(gates, 6).resolve();
  await until(8);
  assert.deepEqual(taken, [6, 8]);
});

test("a stop ends the thread", async (t) => {
  const started = Promise.withResolvers<void>();
  const compileInThread = compilerIn(t);
  const compile: CompilePlan = (task, signal) => {
    started.resolve();
    return compileInThread(task, signal);
  };
  const { store, tell } = scriptedStore(undefined);
  const feed = feedOf(t, { store, compile });
  await feed.start();
  tell(revisionOf(1, large()));
  await started.promise;
  await feed.stop();
  assert.equal(feed.plan, undefined);
});
