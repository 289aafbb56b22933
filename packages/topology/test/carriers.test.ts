import assert from "node:assert/strict";
import { test } from "node:test";
import { branchPartBodySchema } from "@mss/model";
import {
  branchParts,
  branchSettings,
  checkTopology,
  diffSnapshots,
  explainCall,
  formatExplanation,
  hubSettings,
  nodeDocument,
  resolveSecrets,
  settingsWithPart,
  toSnapshot,
} from "@mss/topology";
import { brief, changed, check, faultsOf, topologyOf } from "./support/documents.ts";

const LINE = "pccw: { server: udp://192.0.2.200 }";

/** GOOD, where london has these lines, on line 17. */
function withCarrier(carrier: string, rest = ""): string {
  const more = rest === "" ? "" : `    ${rest}\n`;
  return changed({ replace: '["4xxx"]\n', by: `["4xxx"]\n    carrier: ${carrier}\n${more}` });
}

function withLine(text: string): string {
  return withCarrier(`{ lines: { a: { ${text} } } }`);
}

function withNumbers(publicNumbers: string): string {
  return withCarrier(`{ lines: { ${LINE} } }`, `publicNumbers: { ${publicNumbers} }`);
}

const WRONG: readonly (readonly [name: string, text: string, fault: string])[] = [
  ["no lines", withCarrier('{ outside: "0" }'), "17:5 missing-key"],
  ["a server that is no URI", withLine("server: sip.carrier.example"), "17:38 invalid-address"],
  ["a scheme that is none", withLine("server: sctp://192.0.2.1"), "17:38 invalid-address"],
  ["a port that is none", withLine("server: udp://sip.example:99999"), "17:38 invalid-address"],
  ["a source that is a name", withLine("server: udp://192.0.2.1, sources: [sip.example]"), "17:65 invalid-address"],
  ["an account without a password", withLine("server: udp://192.0.2.1, account: { user: x }"), "17:55 missing-key"],
  [
    "a user name that steers a URI",
    withLine("server: udp://192.0.2.1, account: { user: x@y, secret: { env: A } }"),
    "17:72 invalid-value",
  ],
  [
    "a unified number that there is none",
    withLine("server: udp://192.0.2.1, caller: { unified: true }"),
    "17:63 no-effect",
  ],
  ["an outside prefix of letters", withCarrier(`{ outside: a, lines: { ${LINE} } }`), "17:25 invalid-value"],
  [
    "an outside prefix that begins own numbers",
    withCarrier(`{ outside: "4", lines: { ${LINE} } }`),
    "17:25 outside-prefix-taken",
  ],
  [
    "an outside prefix that begins numbers of others",
    withCarrier(`{ outside: "10", lines: { ${LINE} } }`),
    "17:25 outside-prefix-taken",
  ],
  [
    "overflow over a line that is not there",
    withCarrier(`{ overflow: [pccv], lines: { ${LINE} } }`, 'publicNumbersElsewhere: { "+85221231xxx": "1xxx" }'),
    "17:27 unknown-line",
  ],
  [
    "emergency calls over a line that is not there",
    withCarrier(`{ lines: { ${LINE} } }`, 'emergency: { numbers: ["999"], to: [pccv] }'),
    "18:41 unknown-target",
  ],
  [
    "a line with the name of a gateway",
    withCarrier(`{ lines: { ${LINE} } }`, "gateways: { pccw: { address: udp://192.0.2.3:5060 } }"),
    "17:31 duplicate-id",
  ],
  [
    "two lines to one server",
    withCarrier(`{ lines: { ${LINE}, other: { server: udp://192.0.2.200 } } }`),
    "17:69 line-twice",
  ],
  ["a public number without +", withNumbers('"442079464xxx": "4xxx"'), "18:38 invalid-public-number"],
  ["another count of x", withNumbers('"+44207946xxxx": "4xxx"'), "18:39 invalid-public-number"],
  ["public numbers of others", withNumbers('"+442079465xxx": "5xxx"'), "18:39 invalid-public-number"],
];

for (const [name, text, fault] of WRONG) {
  test(`wrong: ${name}`, () => {
    assert.deepEqual(brief(faultsOf(check(text))), [fault]);
  });
}

const WHOLE = `
federation: acme
hubs: { hub-1: { sip: { listen: [udp://192.0.2.1:5060] }, api: { listen: 192.0.2.1:8443 } } }
branches:
  hk:
    numbers: ["1xxx"]
    emergency: { numbers: ["999"], to: [pccw, "1000"] }
    sip: { listen: [udp://198.51.100.1:5060] }
    trunk: { secret: { env: HK_TRUNK } }
    publicNumbers: { "+85221231xxx": "1xxx", "+85228880000": "1000" }
    carrier:
      overflow: [backup, pccw]
      lines:
        backup: { server: tls://192.0.2.5, priority: 2, domain: carrier.example, sources: [192.0.2.0/24] }
        pccw:
          server: udp://sip.carrier.example
          account: { user: "85221230000", secret: { env: PCCW_SECRET } }
          caller: { number: "+85221230000", asserted: true }
          called: { strip: 1, prepend: "852" }
          maxCalls: 10
          callRate: { perSecond: 2, burst: 5 }
          internationalPrefix: "00"
    extensions: { "1000": { secret: { env: HK_1000 } } }
  sydney:
    numbers: ["31xxx"]
    siteCode: "3"
    emergency: { numbers: [] }
    sip: { listen: [udp://198.51.100.3:5060] }
    trunk: { secret: { env: SYDNEY_TRUNK } }
    publicNumbers: { "+61290001xxx": "31xxx" }
`;

async function secretsOf(topology: ReturnType<typeof topologyOf>, node: string) {
  const env = new Proxy({}, { get: (_target, name) => `the-password-of-${String(name)}` });
  const resolved = await resolveSecrets(topology, { env, readFile: () => Promise.resolve(""), node });
  assert.ok(resolved.kind === "resolved");
  return resolved.secrets;
}

async function settingsOf(topology: ReturnType<typeof topologyOf>, branch: string) {
  return branchSettings(topology, branch, await secretsOf(topology, branch));
}

test("a branch gets its lines in the order of their priority, and whom of the others it reaches over them", async () => {
  const topology = topologyOf(WHOLE);
  const settings = await settingsOf(topology, "hk");
  assert.deepEqual(settings.carrierLines, [
    {
      id: "pccw",
      server: { transport: "udp", host: "sip.carrier.example" },
      sources: [],
      domain: "sip.carrier.example",
      account: { username: "85221230000", realm: "sip.carrier.example", secret: "the-password-of-PCCW_SECRET" },
      register: { expiresSeconds: 600 },
      probe: true,
      caller: { number: "+85221230000", unified: false, asserted: true },
      internationalPrefix: "00",
      called: { strip: 1, prepend: "852" },
      maxCalls: 10,
      callRate: { perSecond: 2, burst: 5 },
    },
    {
      id: "backup",
      server: { transport: "tls", host: "192.0.2.5", port: 5061 },
      sources: ["192.0.2.0/24"],
      domain: "carrier.example",
      probe: true,
      caller: { unified: false, asserted: false },
      internationalPrefix: "+",
    },
  ]);
  assert.equal(settings.outside, "9");
  assert.deepEqual(settings.publicNumbers, [
    { numbers: "1xxx", public: "85221231xxx" },
    { numbers: "1000", public: "85228880000" },
  ]);
  assert.deepEqual(settings.overflow, {
    lines: ["backup", "pccw"],
    numbers: [{ numbers: "31xxx", public: "61290001xxx" }],
  });
  assert.deepEqual(settings.emergency?.to, [
    { kind: "carrier", line: "pccw" },
    { kind: "extension", number: "1000" },
  ]);
  const sydney = await settingsOf(topology, "sydney");
  assert.deepEqual(sydney.publicNumbers, [{ numbers: "1xxx", public: "61290001xxx" }], "as its own phones have them");
  assert.equal(sydney.outside, undefined);
});

test("its part of the published topology says the same, without an account, and takes the place of the file", async () => {
  const topology = topologyOf(WHOLE);
  const part = branchParts(topology).find(({ branch }) => branch === "hk");
  const body = branchPartBodySchema.parse(JSON.parse(JSON.stringify(part)));
  assert.doesNotMatch(JSON.stringify(body), /85221230000|PCCW|carrier\.example/);
  const whole = await settingsOf(topology, "hk");
  const { overflow: _overflow, outside: _outside, publicNumbers: _numbers, ...before } = whole;
  const after = settingsWithPart(before, body);
  assert.deepEqual(after.overflow, whole.overflow);
  assert.equal(after.outside, "9");
  assert.deepEqual(after.publicNumbers, whole.publicNumbers);
  assert.deepEqual(after.carrierLines, whole.carrierLines, "those are of the file");
});

test("a bundle gives branch and hub what the whole gives them, and the hub no account of a line", async () => {
  const checked = checkTopology([{ file: "/etc/mss/acme.yaml", text: WHOLE }]);
  assert.ok(checked.kind === "ok");
  const { topology, documents } = checked;
  const own = nodeDocument({ topology, documents, node: "hk" });
  assert.deepEqual(
    own.secrets.map(({ name, of }) => [name, of]),
    [
      ["HK_TRUNK", "the trunk of hk"],
      ["PCCW_SECRET", "pccw"],
      ["HK_1000", "1000"],
    ],
  );
  const [mine, told] = [await settingsOf(topologyOf(own.text), "hk"), await settingsOf(topology, "hk")];
  assert.deepEqual(mine.carrierLines, told.carrierLines);
  assert.deepEqual(
    [mine.overflow, mine.publicNumbers, mine.outside],
    [told.overflow, told.publicNumbers, told.outside],
  );
  const atHub = nodeDocument({ topology, documents, node: "hub-1" });
  assert.doesNotMatch(atHub.text, /PCCW|85221230000/);
  const hub = topologyOf(atHub.text);
  assert.equal(toSnapshot(hub).hash, toSnapshot(topology).hash);
  assert.equal(hubSettings(hub, "hub-1", await secretsOf(hub, "hub-1")).id, "hub-1");
});

test("what a carrier must not have, and what leads nowhere, is warned of", () => {
  const shared = withLine("server: udp://192.0.2.1, account: { user: x, secret: { env: HK_TRUNK_SECRET } }");
  assert.deepEqual(brief(check(shared).warnings), ["17:83 shared-secret"]);
  const nobody = withCarrier(`{ overflow: [pccw], lines: { ${LINE} } }`);
  assert.deepEqual(brief(check(nobody).warnings), ["17:26 no-public-numbers"]);
  const twice = WHOLE.replace("+61290001xxx", "+85221231xxx");
  assert.deepEqual(
    faultsOf(check(twice)).map(({ code, message }) => [code, /of hk already/.test(message)]),
    [["public-number-twice", true]],
  );
});

test("explain and plan tell of outside calls", () => {
  const snapshot = toSnapshot(topologyOf(WHOLE));
  const atMs = Date.UTC(2026, 10, 24);
  const outside = explainCall({ snapshot, from: "1000", to: "90044201234567", atMs });
  assert.deepEqual(outside.outcome, {
    kind: "outside",
    branch: "hk",
    number: "0044201234567",
    lines: ["pccw", "backup"],
    path: ["hk"],
  });
  assert.match(formatExplanation(outside), /result +1000 → hk → 0044201234567 over carrier line pccw, then backup/);
  const emergency = explainCall({ snapshot, from: "1000", to: "9999", atMs });
  assert.equal(emergency.outcome.kind, "emergency", "behind the prefix, too");
  const before = toSnapshot(topologyOf(WHOLE.replace("overflow: [backup, pccw]", "overflow: [pccw]")));
  assert.deepEqual(
    diffSnapshots(before, snapshot).changes.map((change) => (change.kind === "changed" ? change.key : change.kind)),
    ["overflow"],
  );
});

test("explain names the ways without a hub, and goes by them where no hub reaches the callee", () => {
  const text = WHOLE.replace("hubs: { hub-1: {", "hubs: { hub-2: { sip: { listen: [udp://192.0.2.2:5060] } }, hub-1: {")
    .replace("{ env: HK_TRUNK }", "{ env: HK_TRUNK }, hubs: [hub-1]")
    .replace("{ env: SYDNEY_TRUNK }", "{ env: SYDNEY_TRUNK }, hubs: [hub-2]");
  const direct = "    direct: true\n    numbers";
  const atMs = Date.UTC(2026, 10, 24);
  const explained = (of: string) =>
    explainCall({ snapshot: toSnapshot(topologyOf(of)), from: "1000", to: "31234", atMs });
  const reachable = explained(WHOLE);
  assert.equal(reachable.outcome.kind, "bridged");
  assert.match(
    formatExplanation(reachable),
    /if no hub can be reached: over carrier line backup, then pccw to its public number \+61290001234/,
  );
  assert.deepEqual(explained(text).outcome, {
    kind: "outside",
    branch: "hk",
    number: "+61290001234",
    lines: ["backup", "pccw"],
    path: ["hk"],
  });
  const straight = explained(text.replaceAll("    numbers", direct));
  assert.deepEqual(straight.outcome, { kind: "bridged", branch: "sydney", number: "1234", path: ["hk", "sydney"] });
  assert.match(
    formatExplanation(straight),
    /no hub can be reached: straight to sydney\n.*if none of them can be reached: over/,
  );
});
