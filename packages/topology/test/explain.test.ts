import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { explainRoute, formatExplanation } from "@mss/topology";
import { GOOD, changed, topologyOf } from "./support/documents.ts";

const LONDON = changed({
  replace: "    trunk: { secret: { env: LONDON_TRUNK_SECRET } }\n",
  by: '    trunk: { secret: { env: LONDON_TRUNK_SECRET } }\n    extensions: { "4000": { name: Carol, secret: { env: A } } }\n',
});

function outcome(from: string, to: string, text = LONDON): unknown {
  return explainRoute({ topology: topologyOf(text), from, to }).outcome;
}

describe("explain", () => {
  test("follows a call from branch to branch, node by node", () => {
    const explanation = explainRoute({ topology: topologyOf(LONDON), from: "1000", to: "+4-000" });
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
      `from    1000 is Alice, an extension of hk
hk      4000 is not its own: up to hub-1, then hub-2
hub-1   4000 goes to london
          chosen  4xxx → london  longest match: 1 fixed digit
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
      const explanation = explainRoute({ topology: topologyOf(LONDON), from, to });
      assert.partialDeepStrictEqual(explanation.outcome, expected);
      assert.match(formatExplanation(explanation), /^result .*refused with 40[34]/m);
    });
  }

  test("every entry that was considered says why it lost", () => {
    const text = LONDON.replace('["4xxx"]', '["4xxx", "40*", "400x", "4000-4999", "40000"]');
    const formatted = formatExplanation(explainRoute({ topology: topologyOf(text), from: "1000", to: "4000" }));
    assert.match(formatted, /chosen +400x → london/);
    assert.match(formatted, /lost +40\* → london +2 fixed digits: a longer prefix matches/);
    assert.match(formatted, /no match +40000 → london +the number is too short/);
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

  test("a topology that was not checked is an error", () => {
    const topology = topologyOf(GOOD);
    const [hk] = topology.branches;
    assert.ok(hk !== undefined);
    const disputed = { ...topology, branches: topology.branches.map((branch) => ({ ...branch, numbers: hk.numbers })) };
    assert.throws(() => explainRoute({ topology: disputed, from: "1000", to: "1001" }), { code: "UNDECIDED_NUMBERS" });
  });
});
