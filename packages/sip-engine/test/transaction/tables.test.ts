import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { INVITE_CLIENT, NON_INVITE_CLIENT } from "../../src/transaction/client-tables.ts";
import { INVITE_SERVER, NON_INVITE_SERVER } from "../../src/transaction/server-tables.ts";
import { DEADLINES, RETRANSMITS, isDeadlineEffect, isRetransmitEffect } from "../../src/transaction/timers.ts";

interface PlainRow {
  readonly to: string;
  readonly effects: readonly string[];
}
type PlainTable = Readonly<Record<string, Readonly<Record<string, PlainRow>>>>;

const TABLES: Readonly<Record<string, PlainTable>> = {
  "INVITE client": INVITE_CLIENT,
  "non-INVITE client": NON_INVITE_CLIENT,
  "INVITE server": INVITE_SERVER,
  "non-INVITE server": NON_INVITE_SERVER,
};

const REPEATING = ["timerA", "timerE", "timerG", "timerTrying"];
const CALLS_USER = ["passUp", "passRequest", "passAck", "passCancel", "failTimeout", "failTransport"];

function rowsOf(table: PlainTable): readonly (PlainRow & { readonly from: string; readonly input: string })[] {
  return Object.entries(table).flatMap(([from, rows]) =>
    Object.entries(rows).map(([input, row]) => ({ from, input, ...row })),
  );
}

/** The timers that may run in a state, by the inputs they give: followed from the start through every row. */
function runningTimers(table: PlainTable): ReadonlyMap<string, ReadonlySet<string>> {
  const running = new Map<string, Set<string>>([["initial", new Set()]]);
  let hasGrown = true;
  while (hasGrown) {
    hasGrown = false;
    for (const { from, to, input, effects } of rowsOf(table)) {
      const before = running.get(from);
      if (before === undefined) {
        continue;
      }
      const after = running.get(to) ?? new Set();
      const sizeBefore = running.has(to) ? after.size : -1;
      for (const timer of timersAfter(before, input, effects)) {
        after.add(timer);
      }
      running.set(to, after);
      hasGrown ||= after.size > sizeBefore;
    }
  }
  return running;
}

function timersAfter(before: ReadonlySet<string>, input: string, effects: readonly string[]): ReadonlySet<string> {
  const deadlines = new Set(Object.values(DEADLINES).map((deadline): string => deadline.input));
  const timers = new Set(before);
  timers.delete(input); // a timer that fired does not run any more
  for (const effect of effects) {
    if (isDeadlineEffect(effect)) {
      deadlines.forEach((deadline) => timers.delete(deadline));
      timers.add(DEADLINES[effect].input);
    } else if (isRetransmitEffect(effect)) {
      REPEATING.forEach((timer) => timers.delete(timer));
      const { input: next } = RETRANSMITS[effect];
      if (next !== undefined) {
        timers.add(next);
      }
    }
  }
  return timers;
}

for (const [name, table] of Object.entries(TABLES)) {
  test(`${name}: every state is reached from the start, and terminated from every state`, () => {
    const reached = new Set(["initial"]);
    for (const state of reached) {
      Object.values(table[state] ?? {}).forEach((row) => reached.add(row.to));
    }
    assert.deepEqual([...reached].toSorted(), Object.keys(table).toSorted());
    for (const start of Object.keys(table)) {
      const onward = new Set([start]);
      for (const state of onward) {
        Object.values(table[state] ?? {}).forEach((row) => onward.add(row.to));
      }
      assert.ok(onward.has("terminated"), `${start} never ends`);
    }
  });

  test(`${name}: terminated absorbs everything`, () => {
    assert.deepEqual(table["terminated"], {});
  });

  test(`${name}: dispose comes with terminated only, and always`, () => {
    for (const row of rowsOf(table)) {
      assert.equal(row.effects.includes("dispose"), row.to === "terminated", `${row.from} ${row.input}`);
    }
  });

  test(`${name}: effects that call the user come last`, () => {
    for (const { from, input, effects } of rowsOf(table)) {
      const first = effects.findIndex((effect) => CALLS_USER.includes(effect));
      const after = first === -1 ? [] : effects.slice(first + 1).filter((effect) => effect !== "dispose");
      assert.deepEqual(after, [], `${from} ${input}`);
    }
  });

  test(`${name}: every state but the last has a timer that ends it, and each timer that runs has a row`, () => {
    const running = runningTimers(table);
    for (const state of Object.keys(table).filter((each) => each !== "initial" && each !== "terminated")) {
      const timers = [...(running.get(state) ?? [])];
      assert.ok(
        timers.some((timer) => !REPEATING.includes(timer)),
        `${state} waits for ever`,
      );
      for (const timer of timers) {
        assert.ok(table[state]?.[timer] !== undefined, `${timer} fires in ${state} and is not known there`);
      }
      const known = Object.keys(table[state] ?? {}).filter((input) =>
        /^timer|^cancelWait|^unanswered|^forget/.test(input),
      );
      assert.deepEqual(known.toSorted(), timers.toSorted(), `${state} names a timer that cannot run there`);
    }
  });
}

/** As the README shows it. */
function print(name: string, table: PlainTable): string {
  const rows = rowsOf(table).map(
    ({ from, input, to, effects }) => `| ${from} | ${input} | ${to} | ${effects.join(", ") || "–"} |`,
  );
  return [`### ${name}`, "", "| state | input | next | effects |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

test("the README shows the tables as they are", async () => {
  const readme = await readFile(new URL("../../src/transaction/README.md", import.meta.url), "utf8");
  const squeezed = readme.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
  for (const [name, table] of Object.entries(TABLES)) {
    assert.ok(squeezed.includes(print(name, table)), `not in step:\n${print(name, table)}`);
  }
});

const SETTINGS = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000, timerCMs: 181_000 };
const UNRELIABLE = { settings: SETTINGS, reliable: false, unansweredMs: 7 };
const RELIABLE = { ...UNRELIABLE, reliable: true };

/** RFC 3261 table 4, RFC 6026 §8.4 and §8.5: timer, unreliable, reliable. */
const LENGTHS = [
  ["startB", 32_000, 32_000],
  ["startC", 181_000, 181_000],
  ["startD", 32_000, 0],
  ["startF", 32_000, 32_000],
  ["startH", 32_000, 32_000],
  ["startI", 5_000, 0],
  ["startJ", 32_000, 0],
  ["startK", 5_000, 0],
  ["startL", 32_000, 32_000],
  ["startM", 32_000, 32_000],
  ["startForget", 5_000, 5_000],
  ["startCancelWait", 32_000, 32_000],
  ["startUnanswered", 7, 7],
] as const;

test("timers that end a state have the lengths of the RFCs", () => {
  assert.deepEqual(LENGTHS.map(([effect]) => effect).toSorted(), Object.keys(DEADLINES).toSorted());
  for (const [effect, unreliable, reliable] of LENGTHS) {
    assert.equal(DEADLINES[effect].lengthMs(UNRELIABLE), unreliable, effect);
    assert.equal(DEADLINES[effect].lengthMs(RELIABLE), reliable, effect);
  }
});

test("timers that repeat a message begin at T1, double, and E and G stay at T2", () => {
  const sequence = (effect: "againA" | "againE" | "againG"): readonly number[] =>
    [500, 1_000, 2_000, 4_000].map((before) => RETRANSMITS[effect].intervalMs(before, SETTINGS));
  assert.deepEqual(sequence("againA"), [1_000, 2_000, 4_000, 8_000]);
  assert.deepEqual(sequence("againE"), [1_000, 2_000, 4_000, 4_000]);
  assert.deepEqual(sequence("againG"), [1_000, 2_000, 4_000, 4_000]);
  assert.deepEqual(
    [500, 1_000, 2_000].map((before) => RETRANSMITS.brieflyA.intervalMs(before, SETTINGS)),
    [1_000, 2_000, Infinity],
  );
  assert.equal(RETRANSMITS.slowE.intervalMs(500, SETTINGS), 4_000);
});
