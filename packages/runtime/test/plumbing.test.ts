import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { SparseWarnings, TypedEmitter, createLog, hasCode, retry, withDeadline } from "../src/index.ts";

test("withDeadline passes on what comes in time, and rejects with a code what does not", async () => {
  assert.equal(await withDeadline(Promise.resolve(3), 1_000, "three"), 3);
  await assert.rejects(withDeadline(Promise.reject(new Error("own")), 1_000, "own failure"), /own/);
  const late = withDeadline(new Promise(() => undefined), 5, "nothing");
  await assert.rejects(late, (error) => hasCode(error, "DEADLINE_EXCEEDED") && error.details["what"] === "nothing");
});

test("retry tries again until it succeeds, and tells each failure", async () => {
  const failed: number[] = [];
  const result = await retry(
    (number) => (number < 3 ? Promise.reject(new Error("not yet")) : Promise.resolve(number)),
    {
      retries: 5,
      minDelayMs: 1,
      maxDelayMs: 2,
      onFailedAttempt: (_error, attempt) => failed.push(attempt),
    },
  );
  assert.equal(result, 3);
  assert.deepEqual(failed, [1, 2]);
});

test("retry gives up at once when it is told to, and when its signal ends", async () => {
  let attempts = 0;
  const hopeless = retry(
    () => {
      attempts++;
      return Promise.reject(new Error("hopeless"));
    },
    { retries: 5, minDelayMs: 1, maxDelayMs: 2, shouldRetry: () => false },
  );
  await assert.rejects(hopeless, /hopeless/);
  assert.equal(attempts, 1);

  const controller = new AbortController();
  const endless = retry(() => Promise.reject(new Error("again")), {
    retries: Number.POSITIVE_INFINITY,
    minDelayMs: 10_000,
    maxDelayMs: 10_000,
    signal: controller.signal,
    onFailedAttempt: () => controller.abort(new Error("stopped")),
  });
  await assert.rejects(endless, /stopped/);
});

test("a listener that throws is reported, and the others still hear", () => {
  const failures: unknown[] = [];
  const heard: string[] = [];
  const emitter = new TypedEmitter<{ up: [peer: string] }>((error, event) => failures.push([error, event]));
  const failure = new Error("deaf");
  emitter.on("up", () => {
    throw failure;
  });
  const off = emitter.on("up", (peer) => heard.push(peer));
  emitter.emit("up", "hub-1");
  off();
  emitter.emit("up", "hub-2");
  assert.deepEqual(heard, ["hub-1"]);
  assert.deepEqual(failures, [
    [failure, "up"],
    [failure, "up"],
  ]);
});

test("SEC-32: what anybody can cause is told once a minute for each key, and at most so often, with what was left out", () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  let nowMs = 0;
  const warnings = new SparseWarnings({
    log: createLog({ level: "info", destination }),
    lines: 3,
    now: () => nowMs,
  });
  for (let count = 0; count < 100; count += 1) {
    warnings.warn(`10.0.0.${count % 5}`, { from: count }, "wrong credentials");
  }
  assert.equal(lines.length, 3);
  assert.ok(!lines.join("").includes("untold"));
  nowMs = 60_000;
  warnings.warn("10.0.0.0", { from: 100 }, "wrong credentials");
  assert.match(lines.at(-1) ?? "", /"from":100,"untold":97/);
});

test("SEC-32: no control character is in a line, nor what some take for the end of one", () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const text = "a\u001b[2J\u007f\u009b31m\u0085\u2028\u2029\r\nb";
  log.info({ text }, "hello");
  const [line = ""] = lines;
  assert.match(line, /^[^\p{Cc}\u2028\u2029]*\n$/u);
  const read: unknown = JSON.parse(line);
  assert.partialDeepStrictEqual(read, { text });
});

test("SEC-32: a log line is JSON with its fixed fields, without secrets", () => {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const log = createLog({ level: "info", base: { role: "hub" }, destination });
  log.info({ secret: "pa55word", peer: { token: "t0ken", name: "hk" } }, "trunk registered");
  log.debug("not shown");
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0] ?? "", /pa55word|t0ken/);
  const line: unknown = JSON.parse(lines[0] ?? "");
  assert.partialDeepStrictEqual(line, { level: "info", role: "hub", msg: "trunk registered", peer: { name: "hk" } });
});

test("secrets are in no log line, whether of the line, of an object in it, of an error or of a child logger", () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", destination: { write: (line: string) => void lines.push(line) } });
  const settings = { host: "192.0.2.1", password: "s3cret" };
  log.info({ secret: "s3cret", trunk: settings, password: undefined }, "line");
  log.info({ err: Object.assign(new Error("refused"), { token: "s3cret", code: "REFUSED" }) }, "error");
  log.child({ nonce: "s3cret", mod: "test" }).info({ list: [1, 2], nothing: null }, "child");
  assert.equal(lines.filter((line) => line.includes("s3cret")).length, 0);
  const [line, error, child] = lines.map((text): unknown => JSON.parse(text));
  assert.partialDeepStrictEqual(line, {
    secret: "[redacted]",
    trunk: { host: "192.0.2.1", password: "[redacted]" },
  });
  assert.partialDeepStrictEqual(error, {
    err: { message: "refused", code: "REFUSED", token: "[redacted]" },
    msg: "error",
  });
  assert.partialDeepStrictEqual(child, { nonce: "[redacted]", mod: "test", list: [1, 2], nothing: null });
  assert.equal(settings.password, "s3cret", "what was logged is not changed");
});
