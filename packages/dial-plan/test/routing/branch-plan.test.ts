import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { branchRules, compileBranchPlan, formatPattern, formatRuleName } from "@mss/dial-plan";
import type { BranchPlan, FederationRules } from "@mss/dial-plan";
import { BRANCHES, FRIDAY_10_UTC, FRIDAY_3_UTC } from "./federation.ts";
import type { Site } from "./federation.ts";

const RULES: FederationRules<Site> = {
  branches: [
    { id: "hk", numbers: ["1xxx", "9xx"], timeZone: "Asia/Hong_Kong", emergency: ["999"] },
    { id: "london", numbers: ["15xx"] },
    ...BRANCHES.filter(({ id }) => id === "paris"),
  ],
  calendars: [
    { id: "office", open: ["mon-fri 09:00-18:00"] },
    { id: "unused", site: "paris", open: [] },
  ],
  blocked: [
    { id: "all", numbers: ["0900*"] },
    { id: "night", numbers: ["00*"], from: ["hk"], when: "not office" },
    { id: "others", numbers: ["4*"], from: ["london"] },
  ],
};

function planOf(id: Site): BranchPlan {
  const rules = branchRules(RULES, id);
  assert.ok(rules !== undefined);
  const compiled = compileBranchPlan(rules);
  assert.equal(compiled.kind, "compiled", JSON.stringify(compiled));
  return compiled.plan;
}

function brief(branch: Site, number: string): readonly string[] {
  return planOf(branch)
    .explain({ number, cameFrom: "extension", atMs: FRIDAY_3_UTC })
    .considered.map(
      ({ rule, pattern, verdict }) => `${formatRuleName(rule)} ${formatPattern(pattern)} ${verdict.kind}`,
    );
}

describe("a branch", () => {
  const cases: readonly [branch: Site, number: string, from: "extension" | "hub", decision: string, atMs?: number][] = [
    ["hk", "1000", "extension", "local 1000"],
    ["hk", "1000", "hub", "local 1000"],
    ["hk", "4000", "extension", "uplink"],
    ["hk", "4000", "hub", "backToOrigin"],
    ["hk", "1500", "extension", "uplink"],
    ["hk", "1500", "hub", "backToOrigin"],
    ["hk", "", "extension", "uplink"],
    ["hk", "999", "extension", "emergency"],
    ["hk", "999", "hub", "local 999"],
    ["hk", "990", "extension", "local 990"],
    ["hk", "0900123", "extension", "blocked all"],
    ["hk", "0900123", "hub", "backToOrigin"],
    ["hk", "0044", "extension", "blocked night", FRIDAY_10_UTC],
    ["hk", "0044", "extension", "uplink", FRIDAY_3_UTC],
    ["paris", "1001", "extension", "local 1001"],
    ["paris", "61001", "extension", "local 1001"],
    ["paris", "61001", "hub", "local 1001"],
    ["paris", "62001", "extension", "uplink"],
    ["paris", "0044", "extension", "uplink"],
  ];
  for (const [branch, number, cameFrom, expected, atMs = FRIDAY_3_UTC] of cases) {
    test(`${branch}: ${number} from ${cameFrom} is ${expected}`, () => {
      const plan = planOf(branch);
      const decision = plan.decide({ number, cameFrom, atMs });
      const detail =
        decision.kind === "local" ? decision.number : decision.kind === "blocked" ? decision.rule : undefined;
      assert.equal([decision.kind, ...(detail === undefined ? [] : [detail])].join(" "), expected);
      assert.deepEqual(plan.explain({ number, cameFrom, atMs }).decision, decision);
    });
  }

  test("explains by which rule", () => {
    assert.deepEqual(brief("hk", "999"), ["emergency of hk 999 applies"]);
    assert.deepEqual(brief("hk", "0044"), ["blocked night 00* otherTime"]);
    assert.deepEqual(brief("hk", "1000"), ["numbers of hk 1xxx applies"]);
    assert.deepEqual(brief("paris", "61001"), ["numbers of paris 61xxx applies"]);
  });

  test("knows the numbers of others only where they lie inside its own", () => {
    const hk = branchRules(RULES, "hk");
    assert.deepEqual([hk?.numbers, hk?.numbersElsewhere], [["1xxx", "9xx"], ["15xx"]]);
    assert.deepEqual(
      hk?.blocked?.map(({ id }) => id),
      ["all", "night"],
    );
    assert.deepEqual(
      hk?.calendars?.map(({ id }) => id),
      ["office"],
    );
    assert.deepEqual(branchRules(RULES, "paris")?.numbers, ["1xxx"]);
    assert.equal(branchRules({ branches: [] }, "hk"), undefined);
  });

  test("refuses rules that make no sense, and numbers that are its own and another's alike", () => {
    const base = { id: "hk", numbers: ["1xxx"], numbersElsewhere: [] };
    const kinds = [
      { ...base, numbers: ["1x1"] },
      { ...base, numbersElsewhere: ["1x1"] },
      { ...base, numbersElsewhere: ["1xxx"] },
      { ...base, siteCode: "123456789012345" },
      { ...base, blocked: [{ id: "b", numbers: ["?"] }] },
      { ...base, calendars: [{ id: "c", open: ["?"] }] },
    ].map((rules) => compileBranchPlan(rules).kind);
    assert.deepEqual(kinds, ["invalid", "invalid", "conflicting", "invalid", "invalid", "invalid"]);
  });
});
