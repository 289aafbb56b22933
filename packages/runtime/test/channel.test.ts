import assert from "node:assert/strict";
import { test } from "node:test";
import { Channel } from "../src/channel.ts";

/** Two ends that pass each other JSON, as processes do. */
function connected(answerLimitMs = 1_000) {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const one: Channel = new Channel({
    post: (message) => queueMicrotask(() => other.receive(JSON.parse(JSON.stringify(message)))),
    onError,
    answerLimitMs,
  });
  const other: Channel = new Channel({
    post: (message) => queueMicrotask(() => one.receive(JSON.parse(JSON.stringify(message)))),
    onError,
    answerLimitMs,
  });
  return { one, other, errors };
}

test("what is told is heard, and what is asked is answered", async () => {
  const { one, other } = connected();
  const heard = new Promise((resolve) => other.onTold("news", resolve));
  one.tell("news", { count: 1 });
  assert.deepEqual(await heard, { count: 1 });
  other.onAsked("sum", async (value) => (Array.isArray(value) ? value.length : undefined));
  assert.deepEqual(await Promise.all([one.ask("sum", [1, 2]), one.ask("sum", []), one.ask("sum", 0)]), [
    2,
    0,
    undefined,
  ]);
});

test("a question that nobody answers, or not in time, or wrongly, is rejected", async () => {
  const { one, other, errors } = connected(20);
  await assert.rejects(one.ask("what", 1), { code: "CHANNEL_UNANSWERED" });
  other.onAsked("never", () => new Promise(() => undefined));
  await assert.rejects(one.ask("never", 1), { code: "CHANNEL_UNANSWERED" });
  other.onAsked("throws", () => {
    throw new Error("no");
  });
  await assert.rejects(one.ask("throws", 1), { code: "CHANNEL_UNANSWERED" });
  assert.equal(errors.length, 1);
});

test("the end of the other side is told to who waits for it", async () => {
  const { one, other } = connected();
  other.onAsked("never", () => new Promise(() => undefined));
  const asked = one.ask("never", 1);
  one.close();
  await assert.rejects(asked, { code: "CHANNEL_UNANSWERED" });
  await assert.rejects(one.ask("never", 1), { code: "CHANNEL_UNANSWERED" });
});

test("what is no message is left out, and a listener that throws harms nobody", async () => {
  const { one, other, errors } = connected();
  other.onTold("news", () => {
    throw new Error("no");
  });
  one.tell("news", 1);
  one.tell("nobody listens", 1);
  for (const message of [
    undefined,
    null,
    7,
    "x",
    {},
    { kind: "ask" },
    { kind: "reply", id: 99 },
    { kind: "tell", topic: 3 },
  ]) {
    other.receive(message);
  }
  other.onAsked("alive", () => true);
  assert.equal(await one.ask("alive", undefined), true);
  assert.equal(errors.length, 1);
});
