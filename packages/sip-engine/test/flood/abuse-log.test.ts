import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createLog } from "@mss/runtime";
import { AbuseLog } from "../../src/flood/abuse-log.ts";

interface Recorded {
  readonly log: AbuseLog;
  /** What was written since this was asked for the last time. */
  readonly lines: () => readonly unknown[];
}

function recorded(t: TestContext): Recorded {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const texts: string[] = [];
  const log = createLog({ level: "info", destination: { write: (text) => void texts.push(text) } });
  return { log: new AbuseLog(log), lines: () => texts.splice(0).map((text): unknown => JSON.parse(text)) };
}

test("the first peer beyond a limit is named at once, with the limit", (t) => {
  const { log, lines } = recorded(t);
  log.note("203.0.113.7", "unknownSource");
  const [line, ...more] = lines();
  assert.partialDeepStrictEqual(line, {
    level: "warn",
    msg: "peers beyond their limits",
    worst: [{ source: "203.0.113.7", reason: "unknownSource", count: 1 }],
    total: 1,
  });
  assert.deepEqual(more, []);
});

test("then there is one line in ten seconds, with the worst first, and none in quiet times", (t) => {
  const { log, lines } = recorded(t);
  log.note("203.0.113.1", "unknownSource");
  lines();
  for (let message = 0; message < 5_000; message += 1) {
    log.note("203.0.113.7", "unknownSource");
    log.note(`198.18.0.${message % 200}`, "unknownSources");
  }
  assert.deepEqual(lines(), []);
  t.mock.timers.tick(10_000);
  const [line, ...more] = lines();
  assert.partialDeepStrictEqual(line, {
    worst: [{ source: "203.0.113.7", reason: "unknownSource", count: 5_000 }, { count: 25 }],
    sources: 201,
    total: 10_000,
  });
  assert.deepEqual(more, []);
  t.mock.timers.tick(60_000);
  assert.deepEqual(lines(), []);
  log.note("203.0.113.9", "handshakes");
  assert.equal(lines().length, 1, "after a rest the next one is told at once again");
});

test("an attack from any number of addresses costs bounded memory, and is counted in full", (t) => {
  const { log, lines } = recorded(t);
  log.note("203.0.113.1", "unknownSource");
  lines();
  for (let source = 0; source < 3_000; source += 1) {
    log.note(`198.18.${source >> 8}.${source & 255}`, "unknownSources");
  }
  log.stop();
  assert.partialDeepStrictEqual(lines()[0], { sources: 1_000, total: 3_000 });
  t.mock.timers.tick(60_000);
  assert.deepEqual(lines(), [], "stopped");
});
