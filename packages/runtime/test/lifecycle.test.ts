import assert from "node:assert/strict";
import { test } from "node:test";
import { compose } from "../src/index.ts";
import type { NamedPart } from "../src/index.ts";

type Behaviour = { readonly failsToStart?: boolean; readonly failsToStop?: boolean; readonly neverStops?: boolean };

function recorded(diary: string[], name: string, behaviour: Behaviour = {}): NamedPart {
  return {
    name,
    part: {
      start() {
        diary.push(`start ${name}`);
        return behaviour.failsToStart === true ? Promise.reject(new Error(name)) : Promise.resolve();
      },
      stop() {
        diary.push(`stop ${name}`);
        if (behaviour.neverStops === true) {
          return new Promise(() => undefined);
        }
        return behaviour.failsToStop === true ? Promise.reject(new Error(name)) : Promise.resolve();
      },
    },
  };
}

test("parts start in order and stop in reverse", async () => {
  const diary: string[] = [];
  const all = compose([recorded(diary, "store"), recorded(diary, "engine"), recorded(diary, "node")]);
  await all.start();
  await all.stop();
  assert.deepEqual(diary, ["start store", "start engine", "start node", "stop node", "stop engine", "stop store"]);
});

test("when a part fails to start, the ones before it are stopped and the failure is thrown", async () => {
  const diary: string[] = [];
  const all = compose([
    recorded(diary, "store"),
    recorded(diary, "engine", { failsToStart: true }),
    recorded(diary, "node"),
  ]);
  await assert.rejects(all.start(), /engine/);
  assert.deepEqual(diary, ["start store", "start engine", "stop store"]);
});

test("stopping twice stops once", async () => {
  const diary: string[] = [];
  const all = compose([recorded(diary, "store")]);
  await all.start();
  await Promise.all([all.stop(), all.stop()]);
  assert.deepEqual(diary, ["start store", "stop store"]);
});

test("a part that fails or hangs while stopping is reported and does not hold up the others", async () => {
  const diary: string[] = [];
  const failures: string[] = [];
  const parts = [
    recorded(diary, "store"),
    recorded(diary, "engine", { neverStops: true }),
    recorded(diary, "node", { failsToStop: true }),
  ];
  const all = compose(parts, { stopLimitMs: 10, onStopFailure: (name) => failures.push(name) });
  await all.start();
  await all.stop();
  assert.deepEqual(failures, ["node", "engine"]);
  assert.equal(diary.at(-1), "stop store");
});
