import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { branchSettings, checkTopology, explainCall, replayCalls, resolveSecrets, toSnapshot } from "@mss/topology";
import { callRecordSchema } from "@mss/model";
import type { CallRecord } from "@mss/model";
import { GOOD, brief, check, faultsOf, topologyOf } from "./support/documents.ts";

/** GOOD with rules behind it: they begin on line 19. */
function withRules(rules: string): string {
  return GOOD + rules;
}

function route(text: string): string {
  return withRules(`routes:\n  r: { ${text} }\n`);
}

const OFFICE = "calendars:\n  office: { open: [mon-fri 09:00-18:00] }\n";

const WRONG: readonly (readonly [name: string, text: string, fault: string])[] = [
  ["a route without numbers", route('to: [{ number: "1000" }]'), "20:3 missing-key"],
  ["a route without targets", route('numbers: ["8000"]'), "20:3 missing-key"],
  ["a pattern of a route", route('numbers: ["8x0"], to: [{ number: "1000" }]'), "20:18 invalid-pattern"],
  ["a misspelt key of a route", route('numbers: ["8000"], too: [{ number: "1000" }]'), "20:27 unknown-key"],
  ["letters to prepend", route('numbers: ["8000"], to: [{ prepend: "a" }]'), "20:43 invalid-value"],
  ["too much to strip", route('numbers: ["8000"], to: [{ strip: 33 }]'), "20:41 invalid-value"],
  ["a weight of none", route('numbers: ["8000"], to: [{ number: "1000", weight: 0 }]'), "20:58 invalid-value"],
  [
    "number and strip at once",
    route('numbers: ["8000"], to: [{ number: "1000", strip: 1 }]'),
    "20:32 contradictory-rewrite",
  ],
  [
    "caller number and prepend at once",
    route('numbers: ["8000"], to: [{ number: "1000" }], caller: { number: "1", prepend: "2" }'),
    "20:61 contradictory-rewrite",
  ],
  [
    "a branch that does not exist",
    route('numbers: ["8000"], from: [lodnon], to: [{ number: "1000" }]'),
    "20:34 unknown-branch",
  ],
  [
    "a calendar that does not exist",
    route('numbers: ["8000"], when: office, to: [{ number: "1000" }]'),
    "20:33 unknown-calendar",
  ],
  ["a route to nobody", route('numbers: ["8000"], to: [{ number: "7000" }]'), "20:18 leads-nowhere"],
  ["a route that leaves nothing", route('numbers: ["8000"], to: [{ strip: 4 }]'), "20:18 leads-nowhere"],
  [
    "a route that never matches",
    route('numbers: ["40xx"], to: [{ number: "1000" }]').replace(
      '["4xxx"]',
      '["4xxx", "400x", "401x", "402x", "403x", "404x", "405x", "406x", "407x", "408x", "409x"]',
    ),
    "20:18 never-matches",
  ],
  [
    "equal routes",
    withRules(
      'routes:\n  a: { numbers: ["8000"], to: [{ number: "1000" }] }\n  b: { numbers: ["8000-8001"], to: [{ number: "1001" }] }\n',
    ),
    "21:18 equal-rank",
  ],
  [
    "equal conditions",
    withRules(
      `${OFFICE}routes:\n  a: { numbers: ["8000"], from: [hk], to: [{ number: "1000" }] }\n  b: { numbers: ["8000"], when: office, to: [{ number: "1001" }] }\n`,
    ),
    "23:18 equal-rank",
  ],
  [
    "a circle",
    withRules(
      'routes:\n  a: { numbers: ["7xxx"], to: [{ strip: 1, prepend: "9" }] }\n  b: { numbers: ["9xxx"], to: [{ strip: 1, prepend: "7" }] }\n',
    ),
    "20:18 circular-route",
  ],
  ["a calendar without hours", withRules("calendars:\n  c: { closed: ['12-25'] }\n"), "20:3 missing-key"],
  ["hours that are none", withRules("calendars:\n  c: { open: [mon-fri 9-18] }\n"), "20:15 invalid-calendar"],
  ["a weekday that is none", withRules("calendars:\n  c: { open: [mo 09:00-18:00] }\n"), "20:15 invalid-calendar"],
  ["an hour above 24", withRules("calendars:\n  c: { open: [mon 09:00-25:00] }\n"), "20:15 invalid-calendar"],
  [
    "a date that is none",
    withRules('calendars:\n  c: { open: [daily 09:00-18:00], closed: ["02-30"] }\n'),
    "20:44 invalid-calendar",
  ],
  [
    "days off that end before they begin",
    withRules('calendars:\n  c: { open: [daily 09:00-18:00], closed: ["2027-01-02 to 2026-12-24"] }\n'),
    "20:44 invalid-calendar",
  ],
  [
    "the site of a calendar",
    withRules("calendars:\n  c: { site: paris, open: [daily 09:00-18:00] }\n"),
    "20:14 unknown-branch",
  ],
  [
    "the clock of a calendar",
    withRules("calendars:\n  c: { timeZone: Europe/Pari, open: [daily 09:00-18:00] }\n"),
    "20:18 unknown-time-zone",
  ],
  [
    "a calendar with two clocks",
    withRules("calendars:\n  c: { site: hk, timeZone: Europe/Paris, open: [daily 09:00-18:00] }\n"),
    "20:14 no-effect",
  ],
  ["blocked numbers without numbers", withRules('blocked:\n  b: { except: ["1"] }\n'), "20:3 missing-key"],
  ["a blocked pattern", withRules('blocked:\n  b: { numbers: ["*"] }\n'), "20:18 invalid-pattern"],
  [
    "an exception that is a pattern of nothing",
    withRules('blocked:\n  b: { numbers: ["00*"], except: ["0x0"] }\n'),
    "20:35 invalid-pattern",
  ],
  [
    "a needless exception",
    withRules('blocked:\n  b: { numbers: ["00*"], except: ["1000"] }\n'),
    "20:35 needless-exception",
  ],
  [
    "a blocked branch that does not exist",
    withRules('blocked:\n  b: { numbers: ["00*"], from: [hkk] }\n'),
    "20:33 unknown-branch",
  ],
  [
    "a blocked calendar that does not exist",
    withRules('blocked:\n  b: { numbers: ["00*"], when: not night }\n'),
    "20:32 unknown-calendar",
  ],
  ["a time zone", withRules("    timeZone: Europe/Londn\n"), "19:15 unknown-time-zone"],
  ["a site code that the numbers do not have", withRules('    siteCode: "6"\n'), "16:15 invalid-site-code"],
  ["a site code that is the whole number", withRules('    siteCode: "4xxx"\n'), "19:15 invalid-value"],
  ["emergency numbers without a way", withRules('    emergency: { numbers: ["999"] }\n'), "19:16 unknown-target"],
  [
    "an emergency gateway that does not exist",
    withRules('    emergency: { numbers: ["999"], to: [pstn] }\n'),
    "19:41 unknown-target",
  ],
  [
    "an emergency number with a letter",
    withRules('    emergency: { numbers: ["99x"], to: ["4000"] }\n'),
    "19:28 invalid-value",
  ],
  ["the address of a gateway", withRules("    gateways: { pstn: { address: 192.0.2.9 } }\n"), "19:34 invalid-address"],
  ["a gateway without address", withRules("    gateways: { pstn: { caller: { strip: 1 } } }\n"), "19:17 missing-key"],
];

describe("wrong rules are refused, each at its line", () => {
  for (const [name, text, fault] of WRONG) {
    test(name, () => {
      const faults = faultsOf(check(text));
      assert.ok(brief(faults).includes(fault), `${brief(faults).join(", ")} has no ${fault}`);
      assert.ok(faults.every(({ advice, message }) => advice !== "" && message !== ""));
    });
  }

  test("a rule of one name in two files", () => {
    const rules = 'federation: acme\nroutes:\n  r: { numbers: ["8000"], to: [{ number: "1000" }] }\n';
    const checked = checkTopology([
      { file: "a.yaml", text: route('numbers: ["8001"], to: [{ number: "1000" }]') },
      { file: "b.yaml", text: rules },
    ]);
    const [fault] = faultsOf(checked);
    assert.deepEqual([fault?.file, fault?.line, fault?.code], ["b.yaml", 3, "duplicate-id"]);
    assert.equal(fault?.other?.file, "a.yaml");
  });

  test("both sides of a tie are named, with the numbers", () => {
    const [, text = ""] = WRONG.find(([name]) => name === "equal routes") ?? [];
    const [fault] = faultsOf(check(text));
    assert.match(fault?.message ?? "", /routes a and b \(acme\.yaml:20:18\) are equally exact for 8000/);
    assert.equal(fault?.other?.line, 20);
  });
});

describe("warnings", () => {
  const cases: readonly (readonly [name: string, text: string, warning: string])[] = [
    [
      "numbers that are reached at some hours only",
      `${withRules(OFFICE)}routes:\n  r: { numbers: ["8000"], when: office, to: [{ number: "1000" }] }\n`,
      "22:18 time-gap",
    ],
    [
      "a caller that cannot be called back",
      route('numbers: ["8000"], to: [{ number: "1000" }], caller: { prepend: "9" }'),
      "20:18 cannot-call-back",
    ],
    [
      "a branch that is blocked from calling one that may call it",
      withRules('blocked:\n  lab: { numbers: ["10xx"], from: [london], except: ["1050-1059"] }\n'),
      "20:20 cannot-call-back",
    ],
    [
      "numbers that nobody may call, of phones that call",
      withRules('blocked:\n  lab: { numbers: ["1000-1099"] }\n'),
      "20:20 cannot-call-back",
    ],
    [
      "a route for one branch that leads its calls back to itself",
      route('numbers: ["10xx"], from: [london], to: [{ number: "4000" }]'),
      "20:18 cannot-call-back",
    ],
    [
      "a caller that callees are kept from calling by another route",
      withRules(
        `routes:\n  shown: { numbers: ["8000"], from: [hk], to: [{ number: "4000" }], caller: { number: "8001" } }\n` +
          '  desk: { numbers: ["8001"], from: [hk], to: [{ number: "4001" }] }\n',
      ),
      "20:22 cannot-call-back",
    ],
    [
      "a site without emergency route where others have one",
      withRules('    emergency: { numbers: ["999"], to: ["4000"] }\n'),
      "8:3 no-emergency-route",
    ],
  ];
  for (const [name, text, warning] of cases) {
    test(name, () => {
      const checked = check(text);
      assert.deepEqual(brief(faultsOf(checked)), []);
      assert.deepEqual(brief(checked.warnings), [warning]);
    });
  }

  test("what keeps a call back is told with both sides, the numbers and who it is", () => {
    const text = withRules('blocked:\n  lab: { numbers: ["10xx"], from: [london], except: ["1050-1059"] }\n');
    const [warning] = check(text).warnings;
    const ranges = "1000–1049, 1060–1099";
    const place = `acme.yaml:${warning?.other?.line}:${warning?.other?.column}`;
    assert.equal(
      warning?.message,
      `london can be called by ${ranges} (${place}) and cannot call back: this keeps their calls from it`,
    );
    assert.match(text.split("\n")[(warning.other?.line ?? 0) - 1] ?? "", /numbers: \["1xxx"\]/);
  });

  test("none where nobody calls either way, where it depends on the hour, or where the number itself is rung", () => {
    const ways: readonly string[] = [
      'blocked:\n  one: { numbers: ["1xxx"], from: [london] }\n  other: { numbers: ["4xxx"], from: [hk] }\n',
      `${OFFICE}blocked:\n  one: { numbers: ["1xxx"], from: [london], when: office }\n`,
      'routes:\n  r: { numbers: ["10xx"], from: [london], to: [{ number: "1200" }] }\n',
      'blocked:\n  out: { numbers: ["00*"], from: [london] }\n',
    ];
    for (const rules of ways) {
      assert.deepEqual(brief(check(withRules(rules)).warnings), []);
    }
  });

  test("none for two routes that share the week, nor for a site that says it has no emergency numbers", () => {
    const day = 'routes:\n  day: { numbers: ["8000"], when: office, to: [{ number: "1000" }] }\n';
    const night = '  night: { numbers: ["8000"], when: not office, to: [{ number: "1001" }] }\n';
    assert.deepEqual(check(withRules(OFFICE + day + night)).warnings, []);
    const none = withRules("    emergency: { numbers: [] }\n").replace(
      "  london:\n",
      "    emergency: { numbers: [] }\n  london:\n",
    );
    assert.deepEqual(check(none).warnings, []);
  });
});

const SIX = path.join(import.meta.dirname, "../../../topology/six-branches.yaml");

describe("the example of six branches", () => {
  test("has neither fault nor warning, and calls go as its comments say", async () => {
    const topology = topologyOf(await readFile(SIX, "utf8"), SIX);
    assert.deepEqual(check(await readFile(SIX, "utf8"), SIX).warnings, []);
    const snapshot = toSnapshot(topology);
    const goes = (from: string, to: string, utc: string, branch?: string): string => {
      const call = { snapshot, from, to, atMs: Date.parse(utc), ...(branch === undefined ? {} : { branch }) };
      const { outcome } = explainCall(call);
      return outcome.kind === "refused"
        ? String(outcome.status)
        : `${outcome.kind} ${outcome.branch} ${"number" in outcome ? outcome.number : ""}`;
    };
    const [hongKongMorning, hongKongNight] = ["2026-11-27T02:00:00Z", "2026-11-27T15:00:00Z"];
    assert.equal(goes("2000", "8000", hongKongMorning), "bridged hong-kong 1500");
    assert.equal(goes("2000", "8000", hongKongNight), "bridged london 4500");
    assert.equal(goes("4000", "8000", hongKongMorning), "local london 4500".replace("local", "bridged"));
    assert.equal(goes("4000", "31000", hongKongNight), "bridged sydney 1000");
    assert.equal(goes("1000", "1001", hongKongNight, "sydney"), "local sydney 1001");
    assert.equal(goes("4000", "742", hongKongNight), "bridged paris 6742");
    assert.equal(goes("4000", "0900123", hongKongNight), "403");
    assert.equal(goes("6700", "0044", hongKongNight), "403");
    assert.equal(goes("5000", "911", hongKongNight), "emergency new-york ");
  });

  test("gives a branch what it needs, and no rule of others", async () => {
    const topology = topologyOf(await readFile(SIX, "utf8"), SIX);
    const resolved = await resolveSecrets(topology, {
      env: new Proxy({}, { get: (_target, name) => `secret of ${String(name)}` }),
      readFile: (file) => readFile(file, "utf8"),
    });
    assert.ok(resolved.kind === "resolved");
    const sydney = branchSettings(topology, "sydney", resolved.secrets);
    assert.deepEqual([sydney.numbers, sydney.siteCode, sydney.timeZone], [["1xxx"], "3", "Australia/Sydney"]);
    assert.deepEqual(
      sydney.emergency?.to.map(({ kind }) => kind),
      ["gateway"],
    );
    assert.deepEqual(
      sydney.blocked?.map(({ id }) => id),
      ["premium"],
    );
    assert.deepEqual(
      branchSettings(topology, "paris", resolved.secrets).blocked?.map(({ id }) => id),
      ["lobby", "premium"],
    );
  });
});

function record(fields: Partial<CallRecord>): CallRecord {
  return callRecordSchema.parse({
    id: "a",
    sessionId: "0".repeat(32),
    node: "hub-1",
    from: "4000",
    to: "1500",
    origin: "branch:london",
    result: "answered",
    status: 200,
    startedAt: "2026-11-20T10:00:00.000Z",
    endedAt: "2026-11-20T10:01:00.000Z",
    endedBy: "caller",
    setupMs: 1,
    durationMs: 1,
    ...fields,
  });
}

test("a replay tells which past calls would go elsewhere, each call once", () => {
  const before = toSnapshot(topologyOf(GOOD));
  const after = toSnapshot(
    topologyOf(GOOD.replace('["1xxx"]', '["1000-1499"]').replace('["4xxx"]', '["4xxx", "1500-1999"]')),
  );
  const records = [
    record({}),
    record({ id: "b", node: "london", origin: "extension:4000" }),
    record({ id: "c", sessionId: "1".repeat(32), to: "1000" }),
    record({ id: "d", sessionId: "2".repeat(32), node: "hk", origin: "hub:hub-1", to: "1500" }),
  ];
  const replay = replayCalls(before, after, records);
  assert.equal(replay.calls, 2);
  assert.deepEqual(
    replay.moved.map(({ id, before: from, after: to }) => [id, from, to]),
    [["b", "hk 1500", "london 1500"]],
  );
});
