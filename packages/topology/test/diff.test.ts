import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Snapshot } from "@mss/model";
import { diffSnapshots, formatDiff, toSnapshot } from "@mss/topology";
import type { TopologyDiff } from "@mss/topology";
import { GOOD, changed, topologyOf } from "./support/documents.ts";
import type { Change } from "./support/documents.ts";

const BEFORE = snapshotOf();

function snapshotOf(...changes: readonly Change[]): Snapshot {
  return toSnapshot(topologyOf(changes.length === 0 ? GOOD : changed(...changes)));
}

function diffOf(...changes: readonly Change[]): TopologyDiff {
  return diffSnapshots(BEFORE, snapshotOf(...changes));
}

/** The lines of changes, without the summary. */
function linesOf(diff: TopologyDiff): string[] {
  return formatDiff(diff).split("\n\n")[0]?.split("\n") ?? [];
}

describe("the difference of two snapshots", () => {
  const cases: readonly [name: string, changes: readonly Change[], lines: readonly string[], force?: string][] = [
    [
      "numbers that move",
      [
        { replace: '["4xxx"]', by: '["4xxx", "10xx"]' },
        { replace: '"1000":', by: '"1100":' },
        { replace: '"1001-1010":', by: '"1101-1110":' },
      ],
      ["~ 1000–1099: hk → london  high"],
    ],
    ["numbers that nobody had", [{ replace: '["4xxx"]', by: '["4xxx", "852*"]' }], ["+ 852*: nobody → london  low"]],
    [
      "a fifth of the numbers goes",
      [{ replace: '["4xxx"]', by: '["4000-4599"]' }],
      ["- 4600–4999: london → nobody  dangerous"],
    ],
    [
      "more than a fifth of the numbers goes",
      [{ replace: '["4xxx"]', by: '["4000-4598"]' }],
      ["- 4599–4999: london → nobody  dangerous"],
      "manyNumbers",
    ],
    [
      "a name",
      [{ replace: "  london:\n", by: "  london:\n    name: City of London\n" }],
      ["~ branches.london.name: london → City of London  none"],
    ],
    ["a lower limit", [{ replace: "maxCalls: 30", by: "maxCalls: 20" }], ["~ branches.hk.maxCalls: 30 → 20  high"]],
    ["a higher limit", [{ replace: "maxCalls: 30", by: "maxCalls: 40" }], ["~ branches.hk.maxCalls: 30 → 40  low"]],
    ["no limit any more", [{ replace: ", maxCalls: 30", by: "" }], ["~ branches.hk.maxCalls: 30 → none  low"]],
    [
      "a hub's address",
      [{ replace: "udp://192.0.2.2:5060", by: "udp://192.0.2.3:5060" }],
      ["~ hubs.hub-2.listen: [udp://192.0.2.2:5060] → [udp://192.0.2.3:5060]  high"],
    ],
    ["another order of the file", [{ replace: '["1xxx"]', by: '["1000-1999"]' }], ["no changes", ""]],
  ];
  for (const [name, changes, lines, force] of cases) {
    test(name, () => {
      const diff = diffOf(...changes);
      assert.deepEqual(linesOf(diff), lines);
      assert.equal(diff.needsForce, force);
    });
  }

  test("the gravest change gives its risk to the whole", () => {
    const name = { replace: "  london:\n", by: "  london:\n    name: City of London\n" };
    assert.equal(diffOf(name).risk, "none");
    assert.equal(diffOf(name, { replace: "maxCalls: 30", by: "maxCalls: 40" }).risk, "low");
    assert.equal(diffOf(name, { replace: "maxCalls: 30", by: "maxCalls: 20" }).risk, "high");
    assert.equal(diffOf(name, { replace: '["4xxx"]', by: '["40xx"]' }).risk, "dangerous");
    assert.equal(diffOf().risk, "none");
  });

  test("the first snapshot is all new and needs no force", () => {
    const diff = diffSnapshots(undefined, BEFORE);
    assert.equal(diff.before, undefined);
    assert.deepEqual([diff.risk, diff.needsForce, diff.lostShare], ["low", undefined, 0]);
    assert.deepEqual(
      diff.changes.map(({ kind }) => kind),
      ["numbers", "numbers", "added", "added", "added", "added"],
    );
  });

  test("as many changes as no call of a function takes arguments are compared and told", () => {
    const many = 150_000;
    const numbers = (width: number): readonly string[] =>
      Array.from({ length: many }, (_unused, at) => `${1_000_000_000 + at * 100}-${1_000_000_000 + at * 100 + width}`);
    const [branch] = BEFORE.branches;
    assert.ok(branch !== undefined);
    const large = (width: number): Snapshot => ({ ...BEFORE, branches: [{ ...branch, numbers: numbers(width) }] });
    const diff = diffSnapshots(large(10), large(11));
    assert.deepEqual([diff.changes.length, diff.risk, diff.needsForce], [many, "low", undefined]);
    const text = formatDiff(diff);
    assert.ok(text.startsWith("+ 1000000011: nobody → hk  low\n"), text.slice(0, 100));
    assert.ok(text.endsWith(`\n${many} changes, risk: low\n`), text.slice(-100));
  });

  test("a snapshot without numbers needs force, and says why", () => {
    const empty = { ...BEFORE, branches: [], hash: "0".repeat(64) };
    const diff = diffSnapshots(BEFORE, empty);
    assert.deepEqual([diff.risk, diff.needsForce, diff.lostShare], ["dangerous", "allNumbers", 1]);
    assert.match(formatDiff(diff), /nobody would have any number: only with --force\n$/);
    assert.match(formatDiff(diff), /^- branches\.hk {2,}dangerous$/m);
  });

  test("what a later version put into a snapshot is shown all the same", () => {
    const later = { ...BEFORE, colours: [{ id: "red", shade: 3 }], level: 2 };
    const next = { ...BEFORE, colours: [{ id: "red", shade: 4 }], level: 3 };
    const lines = linesOf(diffSnapshots(later, next));
    assert.deepEqual(lines, ["~ colours.red.shade: 3 → 4  high", "~ level: 2 → 3              high"]);
  });

  test("a snapshot whose numbers are in dispute is the caller's mistake", () => {
    const disputed = { ...BEFORE, branches: BEFORE.branches.map((branch) => ({ ...branch, numbers: ["1xxx"] })) };
    assert.throws(() => diffSnapshots(BEFORE, disputed), { code: "UNDECIDED_NUMBERS" });
  });
});
