import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import * as fc from "fast-check";
import { callRecordSchema } from "@mss/model";
import type { CallRecord } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { openCallJournal } from "@mss/store";
import { csvLine } from "../src/cdr/csv.ts";
import { joinCalls } from "../src/cdr/joined-call.ts";
import { timeOf } from "../src/cdr/record-filter.ts";
import { safeJson, safeText } from "../src/cdr/safe-text.ts";
import { runProgram } from "./support/run-program.ts";

const SESSION = "0123456789abcdef0123456789abcdef";

function record(change: Partial<CallRecord>): CallRecord {
  const call = { id: "1", sessionId: SESSION, node: "hk", from: "1000", to: "4000", origin: "extension:1000" };
  const end = { result: "answered", status: 200, endedBy: "caller", setupMs: 2_000, durationMs: 65_000 } as const;
  const startedAt = new Date(Date.now() - 120_000).toISOString();
  return { ...call, ...end, startedAt, endedAt: new Date().toISOString(), ...change };
}

const BETWEEN = [
  record({ id: "3", node: "london", origin: "hub:hub-1", target: "extension:4000" }),
  record({ id: "1", node: "hk", target: "hub:hub-1" }),
  record({
    id: "2",
    node: "hub-1",
    origin: "branch:hk",
    target: "branch:london",
    startedAt: new Date(0).toISOString(),
  }),
];

async function journalWith(t: TestContext, records: readonly CallRecord[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-cdr-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "hk.sqlite");
  const opened = openCallJournal({ file, log: silentLog() });
  await opened.start();
  const closed = records.map((each) => ({ record: each, sent: false }));
  await opened.journal.write({ run: "run", seenMs: 0, open: [], closed });
  t.after(() => opened.stop());
  return file; // it stays open, as that of a node that runs
}

test("SEC-32: no cell is a formula, and none has a control character, whatever phones say", () => {
  assert.equal(csvLine(["=cmd()", "+4420", " -1", "@x", 5, undefined]), "'=cmd(),'+4420,' -1,'@x,5,\r\n");
  assert.equal(
    csvLine(['a "b", c', "\u001b[2J\u0000", "1\r\n=2"]),
    '"a ""b"", c",\\u001b[2J\\u0000,1\\u000d\\u000a=2\r\n',
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 20 }), { minLength: 1, maxLength: 6 }), (cells) => {
      const line = csvLine(cells);
      assert.ok(line.endsWith("\r\n"));
      assert.doesNotMatch(line.slice(0, -2), /[\p{Cc}\u2028\u2029\u202e]/u);
      const unquoted = line
        .slice(0, -2)
        .replaceAll(/"(?:[^"]|"")*"/gu, (cell) => cell.slice(1, -1).replaceAll(",", ";"));
      const found = unquoted.split(",");
      assert.equal(found.length, cells.length);
      found.forEach((cell) => assert.doesNotMatch(cell, /^\s*[=+\-@]/u));
    }),
  );
});

test("SEC-32: JSON is escaped further and means the same; other text shows what it holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 50 }), (text) => {
      const json = safeJson({ text });
      assert.doesNotMatch(json, /[\p{Cc}\u2028-\u202e]/u);
      assert.deepEqual(JSON.parse(json), { text });
    }),
  );
  assert.equal(safeText("Ann\u202e\u001b[31m é"), "Ann\\u202e\\u001b[31m é");
});

test("the records of one call are joined in the order of its way, whatever the clocks of the nodes say", () => {
  const [call, ...others] = joinCalls(BETWEEN);
  assert.deepEqual(others, []);
  assert.deepEqual(call?.nodes, ["hk", "hub-1", "london"]);
  assert.deepEqual([call?.origin, call?.target, call?.legs.length], ["extension:1000", "extension:4000", 3]);
});

test("times are given as they are thought of", () => {
  assert.equal(timeOf("90m", 10_000_000), 10_000_000 - 5_400_000);
  assert.equal(timeOf("2026-11-28T09:00:00Z", 0), Date.parse("2026-11-28T09:00:00Z"));
  for (const text of ["yesterday", "7", "1w", "2026", "-1h", ""]) {
    assert.equal(timeOf(text, 0), undefined, text);
  }
});

test("a journal is read while its node has it open, filtered, in three formats", async (t) => {
  const local = record({ id: "4", sessionId: "f".repeat(32), to: "1001", target: "extension:1001" });
  const failed = record({
    id: "5",
    sessionId: "e".repeat(32),
    to: "=1+1",
    result: "rejected",
    status: 404,
    durationMs: 0,
  });
  const file = await journalWith(t, [local, failed]);
  const json = await runProgram(["cdr", "--journal", file, "--format", "json"]);
  const lines = json.out.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => callRecordSchema.parse(JSON.parse(line))),
    [local, failed],
  );
  const csv = await runProgram(["cdr", "--journal", file, "--format", "csv", "--call", "eeee"]);
  assert.equal(csv.out.split("\r\n").length, 3);
  assert.match(csv.out, /,'=1\+1,/);
  const table = await runProgram(["cdr", "--journal", file]);
  assert.match(table.out, /1000 +1001 +hk +1:05 +answered\n/);
  assert.match(table.out, /rejected 404\n/);
  for (const [flags, count] of [
    [["--number", "1001"], 1],
    [["--node", "hk"], 2],
    [["--branch", "london"], 0],
    [["--since", "1m"], 0],
    [["--until", "1h"], 0],
    [["--limit", "1"], 1],
    [["--joined"], 2],
  ] as const) {
    const { out } = await runProgram(["cdr", "--journal", file, "--format", "json", ...flags]);
    assert.equal(out.split("\n").length - 1, count, flags.join(" "));
  }
});

test("what cannot be read is one line, with a status", async (t) => {
  const file = await journalWith(t, []);
  const text = `${file}.txt`;
  await writeFile(text, "this is not a database, however long it may be ".repeat(100));
  for (const [args, message] of [
    [["--journal", `${file}.none`], /STORE_UNAVAILABLE/],
    [["--journal", text], /STORE_CORRUPT/],
    [["--journal", file, "--since", "soon"], /24h, 7d/],
    [["--journal", file, "--call", "*"], /Session-ID/],
    [["--journal", file, "--joined", "--follow"], /--follow never has them all/],
    [["--federation", "acme"], /set REDIS_URL/],
    [[], /name the federation/],
  ] as const) {
    const { status, out, err } = await runProgram(["cdr", ...args]);
    assert.deepEqual([status, out], [2, ""], args.join(" "));
    assert.match(err, message);
  }
});
