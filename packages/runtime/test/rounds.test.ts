import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Rounds, pause } from "../src/index.ts";

const LONG_MS = 60_000;

test("one round follows the other; `again` ends the present one, `stop` the last", async () => {
  const begun: number[] = [];
  const told = new EventTarget();
  const rounds = new Rounds({
    round: async (signal) => {
      begun.push(begun.length + 1);
      told.dispatchEvent(new Event("begun"));
      await pause(LONG_MS, signal);
    },
    onFailed: (error) => assert.fail(String(error)),
    failurePauseMs: LONG_MS,
  });
  rounds.start();
  const second = once(told, "begun");
  rounds.again();
  await second;
  await rounds.stop();
  assert.deepEqual(begun, [1, 2]);
  assert.equal(rounds.isStopping, true);
});

test("a round that fails is told, and the next one waits its time or for `again`", async () => {
  const failures: unknown[] = [];
  const { promise: worked, resolve } = Promise.withResolvers<void>();
  let tries = 0;
  const rounds = new Rounds({
    round: async (signal) => {
      tries += 1;
      if (tries === 1) {
        throw new Error("no");
      }
      resolve();
      await pause(LONG_MS, signal);
    },
    onFailed: (error) => {
      failures.push(error);
      setImmediate(() => rounds.again());
    },
    failurePauseMs: LONG_MS,
  });
  rounds.start();
  await worked;
  await rounds.stop();
  assert.equal(failures.length, 1);
});

test("what a round that was ended rejects with is no failure", async () => {
  const rounds = new Rounds({
    round: async (signal) => {
      await pause(LONG_MS, signal);
      signal.throwIfAborted();
    },
    onFailed: (error) => assert.fail(String(error)),
    failurePauseMs: LONG_MS,
  });
  rounds.start();
  await rounds.stop();
});
