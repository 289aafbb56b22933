import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileHubPlan, formatPattern, formatRuleConflict, formatRuleName } from "@mss/dial-plan";
import type { FederationRules, RouteRules } from "@mss/dial-plan";
import { BRANCHES, FRIDAY_10_UTC, FRIDAY_3_UTC, planOf } from "./federation.ts";
import type { Site } from "./federation.ts";

interface Call {
  readonly from?: Site;
  readonly caller?: string;
  readonly atMs?: number;
  readonly draw?: number;
}

/** The decision in one line: `london 4012 (from 1000)`, targets separated by `, then `. */
function decide(rules: Partial<FederationRules<Site>>, number: string, call: Call = {}): string {
  const { from: cameFrom = "hk", caller = "1000", atMs = FRIDAY_10_UTC, draw = 0 } = call;
  const plan = planOf({ branches: BRANCHES, ...rules });
  const decision = plan.decide({ number, cameFrom, caller, atMs, draw });
  const explanation = plan.explain({ number, cameFrom, caller, atMs, draw });
  assert.deepEqual(explanation.decision, decision, "explain says what decide does");
  switch (decision.kind) {
    case "route": {
      return decision.targets
        .map(({ branch, called, caller: shown }) => `${branch} ${called} (from ${shown ?? "nobody"})`)
        .join(", then ");
    }
    case "blocked": {
      return `blocked by ${decision.rule}`;
    }
    case "backToOrigin":
    case "emergency":
    case "unknown": {
      return decision.kind;
    }
  }
}

const route = (id: string, rest: Partial<RouteRules<Site>>): RouteRules<Site> => ({
  id,
  numbers: ["8000"],
  to: [{ number: "4000" }],
  ...rest,
});
const LONDON_OFFICE = { id: "office", site: "london", open: ["mon-fri 09:00-18:00"] } as const;

describe("numbers", () => {
  test("go to their owner, with the caller's number as it came", () => {
    assert.equal(decide({}, "4012"), "london 4012 (from 1000)");
    assert.equal(decide({}, "4012", { caller: "" }), "london 4012 (from )");
  });

  test("that nobody has are unknown, and those of the caller's branch do not go back", () => {
    assert.equal(decide({}, "5000"), "unknown");
    assert.equal(decide({}, ""), "unknown");
    assert.equal(decide({}, "1001"), "backToOrigin");
  });

  test("of a branch with a site code are called without it, and its callers are shown with it", () => {
    assert.equal(decide({}, "61001"), "paris 1001 (from 1000)");
    assert.equal(decide({}, "4000", { from: "paris", caller: "1001" }), "london 4000 (from 61001)");
    assert.equal(decide({}, "1001", { from: "paris", caller: "1001" }), "hk 1001 (from 61001)");
    assert.equal(decide({}, "61002", { from: "paris", caller: "1001" }), "backToOrigin");
  });

  test("of emergencies are not taken from the branch that has them", () => {
    assert.equal(decide({}, "112", { from: "hk" }), "emergency");
    assert.equal(decide({}, "112", { from: "london" }), "unknown");
    const open = { branches: [...BRANCHES.slice(0, 2), { id: "paris", numbers: ["1*"] } as const] };
    assert.equal(decide(open, "112", { from: "hk" }), "emergency");
    assert.equal(decide(open, "112", { from: "london" }), "paris 112 (from 1000)");
  });
});

function oneRoute(rest: Partial<RouteRules<Site>>): Partial<FederationRules<Site>> {
  return { routes: [route("r", { numbers: ["84xxx"], ...rest })] };
}

describe("routes", () => {
  test("strip, prepend or replace the number, and change the caller's", () => {
    assert.equal(decide(oneRoute({ to: [{ strip: 1 }] }), "84012"), "london 4012 (from 1000)");
    assert.equal(decide(oneRoute({ to: [{ strip: 2, prepend: "61" }] }), "84012"), "paris 1012 (from 1000)");
    assert.equal(decide(oneRoute({ to: [{ number: "4000" }] }), "84012"), "london 4000 (from 1000)");
    assert.equal(
      decide(oneRoute({ to: [{ strip: 1 }], caller: { prepend: "8" } }), "84012"),
      "london 4012 (from 81000)",
    );
    assert.equal(
      decide(oneRoute({ to: [{ strip: 1 }], caller: { number: "1999" } }), "84012"),
      "london 4012 (from 1999)",
    );
    assert.equal(decide(oneRoute({ to: [{ strip: 9 }] }), "84012"), "unknown", "nothing is left of the number");
    assert.equal(decide(oneRoute({ to: [{ strip: 1 }], caller: { strip: 9 } }), "84012"), "london 4012 (from 1000)");
  });

  test("come before the owner of just the same numbers, and after an owner that is more exact", () => {
    const routes = [route("overflow", { numbers: ["4xxx"], to: [{}, { number: "61000", priority: 2 }] })];
    assert.equal(decide({ routes }, "4012"), "london 4012 (from 1000), then paris 1000 (from 1000)");
    assert.equal(decide({ routes: [route("wide", { numbers: ["4*"] })] }, "4012"), "london 4012 (from 1000)");
    assert.equal(decide({ routes: [route("one", { numbers: ["4012"] })] }, "4012"), "london 4000 (from 1000)");
  });

  test("may be for calls from some branches", () => {
    const routes = [route("r", { from: ["london"], to: [{ number: "61000" }] })];
    assert.equal(decide({ routes }, "8000", { from: "london", caller: "4000" }), "paris 1000 (from 4000)");
    assert.equal(decide({ routes }, "8000", { from: "hk" }), "unknown");
  });

  test("may be for hours, by the clock of a site", () => {
    const routes = [
      route("day", { when: "office", to: [{ number: "4000" }] }),
      route("night", { when: "not office", to: [{ number: "61000" }] }),
    ];
    const timed = { routes, calendars: [LONDON_OFFICE] };
    assert.equal(decide(timed, "8000", { atMs: FRIDAY_10_UTC }), "london 4000 (from 1000)");
    assert.equal(decide(timed, "8000", { atMs: FRIDAY_3_UTC }), "paris 1000 (from 1000)");
  });

  test("of a calendar without a site go by the clock of the caller's branch", () => {
    const { site: _site, ...office } = LONDON_OFFICE;
    const timed = { routes: [route("day", { when: "office", to: [{ number: "61000" }] })], calendars: [office] };
    assert.equal(decide(timed, "8000", { from: "hk", atMs: FRIDAY_3_UTC }), "paris 1000 (from 1000)");
    assert.equal(decide(timed, "8000", { from: "london", atMs: FRIDAY_3_UTC }), "unknown");
  });

  test("of a calendar with a time zone of its own go by that, wherever the call comes from", () => {
    const { site: _site, ...office } = LONDON_OFFICE;
    const calendars = [{ ...office, timeZone: "Asia/Hong_Kong" }];
    const timed = { routes: [route("day", { when: "office", to: [{ number: "61000" }] })], calendars };
    assert.equal(decide(timed, "8000", { from: "london", atMs: FRIDAY_3_UTC }), "paris 1000 (from 1000)");
    assert.equal(decide(timed, "8000", { from: "hk", atMs: FRIDAY_10_UTC }), "unknown");
  });

  test("with more conditions come first, and the next one holds when they do not", () => {
    const routes = [
      route("always", { to: [{ number: "4000" }] }),
      route("hk", { from: ["hk"], to: [{ number: "4001" }] }),
      route("hk-night", { from: ["hk"], when: "not office", to: [{ number: "4002" }] }),
    ];
    const timed = { routes, calendars: [LONDON_OFFICE] };
    assert.equal(decide(timed, "8000", { from: "paris" }), "london 4000 (from 61000)");
    assert.equal(decide(timed, "8000", { from: "hk" }), "london 4001 (from 1000)");
    assert.equal(decide(timed, "8000", { from: "hk", atMs: FRIDAY_3_UTC }), "london 4002 (from 1000)");
  });

  test("lead to several numbers by priority and weight", () => {
    const to = [
      { number: "4000", weight: 70 },
      { number: "61000", weight: 30 },
      { number: "4009", priority: 2 },
    ];
    const routes = [route("support", { to })];
    const [london, paris, last] = ["london 4000", "paris 1000", "london 4009"].map((target) => `${target} (from 1000)`);
    assert.equal(decide({ routes }, "8000", { draw: 0.69 }), `${london}, then ${paris}, then ${last}`);
    assert.equal(decide({ routes }, "8000", { draw: 0.71 }), `${paris}, then ${london}, then ${last}`);
  });

  test("lead to routes, but not to the same one again", () => {
    const routes = [
      route("access", { numbers: ["7*"], to: [{ strip: 1 }], caller: { prepend: "7" } }),
      route("support", { numbers: ["8000"], to: [{ number: "4000" }], caller: { prepend: "9" } }),
    ];
    assert.equal(decide({ routes }, "78000"), "london 4000 (from 971000)");
    const circle = [
      route("a", { numbers: ["7xxx"], to: [{ strip: 1, prepend: "9" }] }),
      route("b", { numbers: ["9xxx"], to: [{ strip: 1, prepend: "7" }] }),
    ];
    assert.equal(decide({ routes: circle }, "7000"), "unknown");
    assert.equal(decide({ routes: [route("self", { numbers: ["5*"], to: [{ prepend: "5" }] })] }, "5"), "unknown");
  });

  test("may lead back into the caller's branch by another number, and never by the same", () => {
    assert.equal(decide({ routes: [route("r", { to: [{ number: "1001" }] })] }, "8000"), "hk 1001 (from 1000)");
    const overflow = [route("r", { numbers: ["1001"], to: [{}, { number: "4000" }] })];
    assert.equal(decide({ routes: overflow }, "1001"), "london 4000 (from 1000)");
    assert.equal(decide({ routes: [route("r", { numbers: ["1001"], to: [{}] })] }, "1001"), "backToOrigin");
  });

  test("that multiply end in sixteen targets", () => {
    const to = Array.from({ length: 30 }, (_unused, step) => ({ number: String(4000 + step) }));
    assert.equal(decide({ routes: [route("many", { to })] }, "8000").split(", then ").length, 16);
  });
});

describe("blocked numbers", () => {
  test("are blocked whatever else has them, but for the exceptions", () => {
    const blocked = [{ id: "london", numbers: ["4*"], except: ["40xx"] }];
    assert.equal(decide({ blocked }, "4112"), "blocked by london");
    assert.equal(decide({ blocked }, "4012"), "london 4012 (from 1000)");
    assert.equal(decide({ blocked, routes: [route("r", { numbers: ["4112"] })] }, "4112"), "blocked by london");
    assert.equal(
      decide({ blocked, routes: [route("r", { numbers: ["8000"], to: [{ number: "4112" }] })] }, "8000"),
      "london 4112 (from 1000)",
    );
  });

  test("may be so from some branches, and at some hours", () => {
    const blocked = [{ id: "night", numbers: ["4xxx"], from: ["hk" as const], when: "not office" }];
    const timed = { blocked, calendars: [LONDON_OFFICE] };
    assert.equal(decide(timed, "4000", { atMs: FRIDAY_3_UTC }), "blocked by night");
    assert.equal(decide(timed, "4000", { atMs: FRIDAY_10_UTC }), "london 4000 (from 1000)");
    assert.equal(decide(timed, "4000", { from: "paris", atMs: FRIDAY_3_UTC }), "london 4000 (from 61000)");
  });

  test("are still blocked by a wider rule when a narrower one does not hold", () => {
    const blocked = [
      { id: "narrow", numbers: ["40xx"], from: ["paris" as const] },
      { id: "wide", numbers: ["4*"] },
    ];
    assert.equal(decide({ blocked }, "4012"), "blocked by wide");
  });
});

function conflicts(
  routes: readonly RouteRules<Site>[],
  calendars: FederationRules<Site>["calendars"] = [],
): readonly string[] | string {
  const compiled = compileHubPlan({ branches: BRANCHES, routes, calendars });
  return compiled.kind === "conflicting" ? compiled.conflicts.map(formatRuleConflict) : compiled.kind;
}

function invalid(wrong: Partial<FederationRules<Site>>): readonly string[] | string {
  const compiled = compileHubPlan({ branches: BRANCHES, ...wrong });
  return compiled.kind === "invalid" ? [formatRuleName(compiled.rule), compiled.text] : compiled.kind;
}

describe("what is refused", () => {
  test("two routes that are equally exact and may both hold", () => {
    assert.deepEqual(conflicts([route("a", {}), route("b", { numbers: ["8000-8001"] })]), [
      "8000 of route a and 8000-8001 of route b are equally exact for 8000",
    ]);
    assert.deepEqual(conflicts([route("a", { from: ["hk"] }), route("b", { when: "office" })], [LONDON_OFFICE]), [
      "8000 of route a and 8000 of route b are equally exact for 8000",
    ]);
    assert.deepEqual(conflicts([route("a", { from: ["hk", "paris"] }), route("b", { from: ["paris"] })]), [
      "8000 of route a and 8000 of route b are equally exact for 8000",
    ]);
  });

  test("not two routes of which only one can hold", () => {
    assert.equal(conflicts([route("a", { from: ["hk"] }), route("b", { from: ["paris"] })]), "compiled");
    assert.equal(
      conflicts([route("a", { when: "office" }), route("b", { when: "not office" })], [LONDON_OFFICE]),
      "compiled",
    );
    const saturday = { ...LONDON_OFFICE, id: "saturday", open: ["sat 09:00-13:00"] };
    assert.equal(
      conflicts([route("a", { when: "office" }), route("b", { when: "saturday" })], [LONDON_OFFICE, saturday]),
      "compiled",
    );
    assert.notEqual(
      conflicts(
        [route("a", { when: "office" }), route("b", { when: "saturday" })],
        [LONDON_OFFICE, { ...saturday, site: "hk" }],
      ),
      "compiled",
    );
    assert.notEqual(
      conflicts(
        [route("a", { when: "office" }), route("b", { when: "saturday" })],
        [LONDON_OFFICE, { ...saturday, timeZone: "Asia/Tokyo" }],
      ),
      "compiled",
    );
  });

  test("texts that are none, with the rule they are in", () => {
    assert.deepEqual(invalid({ branches: [{ id: "hk", numbers: ["1x1"] }] }), ["numbers of hk", "1x1"]);
    assert.deepEqual(invalid({ routes: [route("r", { numbers: ["8-"] })] }), ["route r", "8-"]);
    assert.deepEqual(invalid({ routes: [route("r", { when: "office" })] }), ["route r", "office"]);
    assert.deepEqual(invalid({ blocked: [{ id: "b", numbers: ["x*"] }] }), ["blocked b", "x*"]);
    assert.deepEqual(invalid({ blocked: [{ id: "b", numbers: ["1"], except: ["?"] }] }), ["blocked b", "?"]);
    assert.deepEqual(invalid({ blocked: [{ id: "b", numbers: ["1"], when: "not" }] }), ["blocked b", "not"]);
    assert.deepEqual(invalid({ calendars: [{ id: "c", open: ["mon"] }] }), ["calendar c", "mon"]);
    assert.deepEqual(invalid({ calendars: [{ id: "c", open: [], closed: ["13-13"] }] }), ["calendar c", "13-13"]);
  });
});

test("an explanation names every rule that was considered, and why it lost", () => {
  const plan = planOf({
    branches: BRANCHES,
    calendars: [LONDON_OFFICE],
    blocked: [{ id: "premium", numbers: ["8*"], except: ["8000"] }],
    routes: [
      route("day", {
        when: "office",
        to: [{ number: "4000", weight: 3 }, { number: "61000" }],
        caller: { prepend: "8" },
      }),
      route("always", {}),
      route("paris", { from: ["paris"], when: "not office" }),
      route("wide", { numbers: ["8xxx"] }),
      route("longer", { numbers: ["80001"] }),
    ],
  });
  const explanation = plan.explain({ number: "8000", cameFrom: "hk", caller: "1000", atMs: FRIDAY_3_UTC, draw: 0 });
  const brief = (considered: (typeof explanation)["barring"]) =>
    considered.map(({ rule, pattern, verdict }) => [formatRuleName(rule), formatPattern(pattern), verdict]);
  assert.deepEqual(brief(explanation.barring), [["blocked premium", "8*", { kind: "excepted" }]]);
  const [dialled, rewritten] = explanation.lookups;
  assert.deepEqual(brief(dialled?.considered ?? []), [
    ["route paris", "8000", { kind: "otherBranch" }],
    ["route day", "8000", { kind: "otherTime", calendar: "office", localTime: "fri 03:00 (2026-11-27)" }],
    ["route always", "8000", { kind: "applies", fixedDigits: 4 }],
    ["route wide", "8xxx", { kind: "lost", fixedDigits: 1, to: "longerPrefix" }],
    ["route longer", "80001", { kind: "noMatch", why: "tooShort" }],
  ]);
  assert.deepEqual(dialled?.targets, [{ rewrite: { number: "4000" }, number: "4000", priority: 1, share: 1 }]);
  assert.deepEqual(brief(rewritten?.considered ?? []), [
    ["numbers of london", "4xxx", { kind: "applies", fixedDigits: 1 }],
  ]);

  const byDay = plan.explain({ number: "8000", cameFrom: "hk", caller: "1000", atMs: FRIDAY_10_UTC, draw: 0 });
  assert.deepEqual(brief(byDay.lookups[0]?.considered ?? []).slice(0, 3), [
    ["route paris", "8000", { kind: "otherBranch" }],
    ["route day", "8000", { kind: "applies", fixedDigits: 4 }],
    ["route always", "8000", { kind: "lost", fixedDigits: 4, to: "moreConditions" }],
  ]);
  assert.ok(byDay.decision.kind === "route");
  assert.deepEqual(
    byDay.decision.targets.map(({ changes }) =>
      changes.map(({ what, from, to, by }) => `${what} ${from} → ${to} by ${formatRuleName(by)}`),
    ),
    [
      ["called 8000 → 4000 by route day", "caller 1000 → 81000 by route day"],
      [
        "called 8000 → 61000 by route day",
        "caller 1000 → 81000 by route day",
        "called 61000 → 1000 by site code of paris",
      ],
    ],
  );
  assert.deepEqual(
    byDay.lookups[0]?.targets?.map(({ number, share }) => [number, share]),
    [
      ["4000", 0.75],
      ["61000", 0.25],
    ],
  );
});
