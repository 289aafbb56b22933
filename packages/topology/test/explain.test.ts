import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { directoryOf, explainCall, formatExplanation, toSnapshot } from "@mss/topology";
import type { Explanation } from "@mss/topology";
import { GOOD, changed, topologyOf } from "./support/documents.ts";

const LONDON = changed({
  replace: "    trunk: { secret: { env: LONDON_TRUNK_SECRET } }\n",
  by: '    trunk: { secret: { env: LONDON_TRUNK_SECRET } }\n    extensions: { "4000": { name: Carol, secret: { env: A } } }\n',
});

const SATURDAY_23_UTC = Date.parse("2026-11-28T23:00:00Z");

function explain(from: string, to: string, text = LONDON): Explanation {
  const topology = topologyOf(text);
  const [snapshot, directory] = [toSnapshot(topology), directoryOf(topology)];
  return explainCall({ snapshot, directory, from, to, atMs: SATURDAY_23_UTC });
}

function outcome(from: string, to: string, text = LONDON): unknown {
  return explain(from, to, text).outcome;
}

describe("explain", () => {
  test("follows a call from branch to branch, node by node", () => {
    const explanation = explain("1000", "+4-000");
    assert.deepEqual(explanation.outcome, {
      kind: "bridged",
      branch: "london",
      number: "4000",
      isExtension: true,
      name: "Carol",
      path: ["hk", "hub-1", "london"],
    });
    assert.equal(
      formatExplanation(explanation),
      `from    1000 is Alice, an extension of hk, where it is sat 23:00 (2026-11-28)
hk      4000 is not its own: up to hub-1, then hub-2
hub-1   4000 goes to london
          applies  4xxx  numbers of london  longest match: 1 fixed digit
london  4000 is its own: Carol
result  1000 → hk → hub-1 → london → 4000
`,
    );
  });

  test("a local call needs no hub", () => {
    assert.partialDeepStrictEqual(outcome("1000", "1001"), {
      kind: "local",
      branch: "hk",
      isExtension: true,
      path: ["hk"],
    });
  });

  const refusals: readonly [name: string, from: string, to: string, expected: Record<string, unknown>][] = [
    ["nobody's number", "1000", "7000", { kind: "refused", status: 404, path: ["hk", "hub-1"] }],
    ["no number", "1000", "*21#", { kind: "refused", status: 404, path: ["hk"] }],
    ["caller of no branch", "7000", "1000", { kind: "refused", status: 403, path: [] }],
    ["caller that is no number", "alice", "1000", { kind: "refused", status: 403, path: [] }],
    ["number without extension", "1000", "4999", { kind: "bridged", isExtension: false }],
    ["own number without extension", "1000", "1999", { kind: "local", isExtension: false }],
  ];
  for (const [name, from, to, expected] of refusals) {
    test(`${name}: ${from} to ${to}`, () => {
      const explanation = explain(from, to);
      assert.partialDeepStrictEqual(explanation.outcome, expected);
      assert.match(formatExplanation(explanation), /^result .*refused with 40[34]/m);
    });
  }

  test("every entry that was considered says why it lost", () => {
    const text = LONDON.replace('["4xxx"]', '["4xxx", "40*", "400x", "4000-4999", "40000"]');
    const formatted = formatExplanation(explain("1000", "4000", text));
    assert.match(formatted, /applies +400x +numbers of london/);
    assert.match(formatted, /lost +40\* +numbers of london +2 fixed digits: a longer prefix matches/);
    assert.match(formatted, /no match +40000 +numbers of london +the number is too short/);
  });

  test("a number inside the caller's own that belongs to another branch goes there", () => {
    const text = LONDON.replace('["4xxx"]', '["4xxx", "15xx"]').replace('"4000": {', '"1500": {');
    assert.partialDeepStrictEqual(outcome("1000", "1500", text), {
      kind: "bridged",
      branch: "london",
      isExtension: true,
    });
    assert.partialDeepStrictEqual(outcome("1500", "1501", text), { kind: "local", branch: "london" });
  });

  test("a hub without a trunk to the callee is passed over, and none is 503", () => {
    const over = LONDON.replace("{ env: LONDON_TRUNK_SECRET } }", "{ env: LONDON_TRUNK_SECRET }, hubs: [hub-2] }");
    assert.partialDeepStrictEqual(outcome("1000", "4000", over), { kind: "bridged", path: ["hk", "hub-2", "london"] });
    const none = over.replace("maxCalls: 30", "hubs: [hub-1]");
    assert.partialDeepStrictEqual(outcome("1000", "4000", none), { kind: "refused", status: 503 });
  });

  test("a snapshot that was not checked is an error", () => {
    const snapshot = toSnapshot(topologyOf(GOOD));
    const disputed = { ...snapshot, branches: snapshot.branches.map((branch) => ({ ...branch, numbers: ["1xxx"] })) };
    assert.throws(() => explainCall({ snapshot: disputed, from: "1000", to: "1001", atMs: 0 }), {
      code: "UNDECIDED_NUMBERS",
    });
  });
});
