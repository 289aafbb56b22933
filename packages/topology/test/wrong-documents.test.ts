import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FAULT_CODES } from "@mss/topology";
import { GOOD, brief, changed, check, faultsOf } from "./support/documents.ts";
import type { Change } from "./support/documents.ts";
import { EXTERNAL_ADDRESSES } from "./support/wrong-external-addresses.ts";
import { NODES, NUMBERS, TRUNKS } from "./support/wrong-references.ts";
import { SHAPE, YAML } from "./support/wrong-shapes.ts";
import { TLS } from "./support/wrong-tls.ts";

const seenCodes = new Set<string>();

for (const [section, documents] of Object.entries({ YAML, SHAPE, NODES, NUMBERS, TRUNKS, EXTERNAL_ADDRESSES, TLS })) {
  describe(`${section.toLowerCase()} faults`, () => {
    for (const { name, text, faults = [], warnings = [], says } of documents) {
      test(name, () => {
        const checked = check(text);
        assert.deepEqual(brief(faultsOf(checked)), faults);
        assert.deepEqual(brief(checked.warnings), warnings);
        const [first] = [...faultsOf(checked), ...checked.warnings];
        assert.match(`${first?.message} — ${first?.advice}`, says);
        for (const { code } of [...faultsOf(checked), ...checked.warnings]) {
          seenCodes.add(code);
        }
      });
    }
  });
}

test("the good document is good", () => {
  const checked = check(GOOD);
  assert.equal(checked.kind, "ok");
  assert.deepEqual(checked.warnings, []);
});

/** Of files on the machine: tls.test.ts. */
const CERTIFICATE_CODES = ["unusable-certificate", "certificate-name", "certificate-expires"];

/** Of routes, calendars and site codes: each is shown by rules.test.ts. */
const RULE_CODES = [
  "cannot-call-back",
  "circular-route",
  "contradictory-rewrite",
  "equal-rank",
  "invalid-calendar",
  "invalid-site-code",
  "leads-nowhere",
  "needless-exception",
  "never-matches",
  "no-emergency-route",
  "time-gap",
  "unknown-branch",
  "unknown-calendar",
  "unknown-target",
  "unknown-time-zone",
];

const CARRIER_CODES = [
  "invalid-public-number",
  "line-twice",
  "no-public-numbers",
  "outside-prefix-taken",
  "public-number-twice",
  "unknown-line",
];

test("every code is shown by a wrong document, or by a test of files and secrets", () => {
  const elsewhere = [
    "unreadable-file",
    "too-large",
    "federation-differs",
    "unresolvable-secret",
    ...CERTIFICATE_CODES,
    ...RULE_CODES,
    ...CARRIER_CODES,
  ];
  assert.deepEqual(
    Object.keys(FAULT_CODES)
      .filter((code) => !seenCodes.has(code))
      .toSorted(),
    elsewhere.toSorted(),
  );
});

test("many faults of many kinds are all named at once, none hiding another", () => {
  const changes: readonly Change[] = [
    { replace: "federation: acme", by: "federation: acme\ndmeo: true" },
    { replace: "udp://192.0.2.2:5060", by: "udp://localhost" },
    { replace: "udp://198.51.100.1:5060", by: "udp://192.0.2.1:5060" },
    { replace: "{ env: HK_TRUNK_SECRET }, maxCalls: 30", by: "{ enV: A }, maxCalls: none, hubs: [hub-3]" },
    { replace: "name: Alice", by: "nmae: Alice" },
    { replace: '"1001-1010"', by: '"2001"' },
    { replace: '["4xxx"]', by: '["1500-2500", 1000, "12X4"]' },
    { replace: "    trunk: { secret: { env: LONDON_TRUNK_SECRET } }\n", by: "    logLevel: verbose\n" },
  ];
  const faults = faultsOf(check(changed(...changes)));
  assert.deepEqual(
    faults.map(({ line, code }) => `${line} ${code}`),
    [
      "2 unknown-key",
      "7 invalid-address",
      "11 address-in-use",
      "12 invalid-secret",
      "12 wrong-type",
      "12 unknown-hub",
      "14 unknown-key",
      "15 extension-outside-numbers",
      "16 missing-key",
      "17 numbers-disputed",
      "17 wrong-type",
      "17 invalid-pattern",
      "19 invalid-value",
    ],
  );
  for (const { message, advice, path, file } of faults) {
    assert.ok(message !== "" && advice !== "" && file === "acme.yaml" && path !== "", message);
  }
});
