import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { checkTopology, formatFaults } from "@mss/topology";
import type { CheckedTopology } from "@mss/topology";
import { GOOD, brief, changed, check, faultsOf } from "./support/documents.ts";

const DEMO = readFileSync(path.join(import.meta.dirname, "../../../topology/demo.yaml"), "utf8");
const CPU_LIMIT_MS = 20_000; // of seconds that a quadratic algorithm would need minutes for

function codesOf(checked: CheckedTopology): ReadonlySet<string> {
  return new Set(faultsOf(checked).map(({ code }) => code));
}

function isQuick(run: () => CheckedTopology): CheckedTopology {
  const start = process.cpuUsage(); // time of this process alone: a busy machine changes nothing
  const checked = run();
  const { user, system } = process.cpuUsage(start);
  assert.ok((user + system) / 1000 < CPU_LIMIT_MS, "takes time in proportion to the file");
  return checked;
}

test("SEC-35: aliases that multiply are refused", () => {
  const levels = Array.from({ length: 12 }, (_unused, level) => {
    const below = level === 0 ? '"1"' : `*l${level - 1}`;
    return `x${level}: &l${level} [${Array.from({ length: 10 }, () => below).join(", ")}]`;
  });
  assert.deepEqual([...codesOf(isQuick(() => check(levels.join("\n"))))], ["too-large"]);
});

test("SEC-35: an alias to what it stands in is refused", () => {
  assert.ok(codesOf(check("federation: &a [*a]\n")).has("too-large"));
  assert.ok(codesOf(check("hubs: &a { hub-1: *a }\n")).has("too-large"));
});

test("an alias means the last anchor before it", () => {
  const text = changed(
    { replace: "{ env: HK_1000_SECRET }", by: "&one { env: FIRST }" },
    { replace: "{ file: hk-phones.secret }", by: "*one" },
  );
  const checked = check(text);
  assert.ok(checked.kind === "ok");
  const names = checked.topology.branches[0]?.extensions.map(({ secret }) => secret.kind === "env" && secret.name);
  assert.deepEqual(names, ["FIRST", "FIRST"]);
});

test("SEC-35: a hundred thousand aliases take no longer than their file", () => {
  const text = `numbers: [&a "1", ${'*a, "2", '.repeat(90_000)}"3"]\n`;
  assert.ok(codesOf(isQuick(() => check(text))).has("too-large"));
});

test("SEC-35: nesting without end is refused, in flow and in block style", () => {
  const flow = `federation: ${"[".repeat(100_000)}\n`;
  const block = Array.from({ length: 300 }, (_unused, depth) => `${" ".repeat(depth)}a:`).join("\n");
  for (const text of [flow, block, `${"- ".repeat(50_000)}a`]) {
    const checked = isQuick(() => check(text));
    assert.ok(codesOf(checked).has("too-large") || codesOf(checked).has("yaml-syntax"));
  }
});

test("SEC-35: a text above the limit is not looked into", () => {
  assert.deepEqual(brief(faultsOf(check(`${GOOD}#${"x".repeat(1_000_000)}`))), ["1:1 too-large"]);
});

test("so many overlapping patterns that nobody would read them are one fault more", () => {
  const patterns = Array.from({ length: 300 }, (_unused, index) => `"1000-${2000 + index}"`);
  const checked = isQuick(() => check(changed({ replace: '"1xxx"', by: patterns.join(", ") })));
  assert.deepEqual([...codesOf(checked)], ["too-large"]);
});

test("a dispute is found behind hundreds of warnings", () => {
  const nested = Array.from({ length: 300 }, (_unused, index) => `"${1500 + index}"`);
  const checked = check(changed({ replace: '"4xxx"', by: [...nested, '"1999-2001"'].join(", ") }));
  assert.equal(checked.warnings.length, 300);
  assert.deepEqual([...codesOf(checked)], ["numbers-disputed"]);
});

test("Windows line ends and a byte order mark change neither the verdict nor a place", () => {
  const wrong = changed({ replace: "maxCalls: 30", by: "maxCalls: 0" }, { replace: "Alice", by: '""' });
  const windows = wrong.replaceAll("\n", "\r\n");
  assert.equal(check(GOOD.replaceAll("\n", "\r\n")).kind, "ok");
  assert.deepEqual(brief(faultsOf(check(windows))), brief(faultsOf(check(wrong))));
  assert.ok(faultsOf(check(windows)).every(({ sourceLine }) => sourceLine?.endsWith("\r") === false));
  assert.equal(check(`\uFEFF${GOOD}`).kind, "ok");
  assert.ok(brief(faultsOf(check("\uFEFFfederation: a b\n"))).includes("1:13 invalid-id"));
});

test("SEC-32: no fault shows a secret or steers the terminal", () => {
  const secret = "hunter-two";
  const places = [
    changed({ replace: "{ env: HK_TRUNK_SECRET }", by: `"${secret}", oops: 1` }),
    changed({ replace: "{ env: HK_TRUNK_SECRET }", by: `{ ${secret} }` }),
    changed({ replace: "{ env: HK_TRUNK_SECRET }", by: `"${secret}" "${secret}"` }),
    changed({ replace: "{ env: HK_TRUNK_SECRET }", by: `!${secret} x` }),
    changed({ replace: "{ env: HK_TRUNK_SECRET }", by: `*${secret}` }),
    GOOD.replace(
      "trunk: { secret: { env: HK_TRUNK_SECRET }, maxCalls: 30 }",
      `trunk:\n      secret:\n        ${secret}`,
    ),
  ];
  for (const text of places) {
    const checked = check(text);
    const printed = formatFaults([...faultsOf(checked), ...checked.warnings]);
    assert.notEqual(printed, "");
    assert.doesNotMatch(printed, /hunter/, text);
  }
  const colours = check(changed({ replace: "name: Alice", by: '"\\e[31m\\x07": Alice, name: 1' }));
  assert.doesNotMatch(formatFaults(faultsOf(colours)), /[^\P{Cc}\n]/u);
});

const PIECES = [
  "hubs:",
  "branches:",
  "  hk:",
  "{",
  "}",
  "[",
  "]",
  "- ",
  "&a",
  "*a",
  "!!int",
  "? ",
  ": ",
  "<<",
  "|",
  "1",
  "\n",
];

test("no text whatever makes the check throw, and every fault is complete", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc
      .array(fc.constantFrom(...PIECES, "\t", "\r", "'", '"', "#", "\0", "%YAML 1.1\n", "---\n"), { maxLength: 40 })
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 3 }), (texts) => {
      assertSound(checkTopology(texts.map((text, index) => ({ file: `${index}.yaml`, text }))));
    }),
    { numRuns: 1000 },
  );
});

test("no mutation of the demo makes the check throw", () => {
  const cut = fc.record({
    at: fc.nat(DEMO.length),
    length: fc.nat(30),
    by: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 8 })),
  });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
      const text = cuts.reduce(
        (mutated, { at, length, by }) => mutated.slice(0, at) + by + mutated.slice(at + length),
        DEMO,
      );
      assertSound(check(text));
    }),
    { numRuns: 500 },
  );
});

test("no value of another type in any place makes the check throw", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const lines = DEMO.split("\n");
  fc.assert(
    fc.property(fc.nat(lines.length - 1), value, fc.jsonValue(), (line, wrong, federation) => {
      const text = lines
        .map((old, index) => (index === line ? old.replace(/:.*/, () => `: ${JSON.stringify(wrong)}`) : old))
        .join("\n");
      assertSound(
        checkTopology([
          { file: "a.yaml", text },
          { file: "b.yaml", text: JSON.stringify({ federation, hubs: wrong, branches: { hk: wrong } }) },
        ]),
      );
    }),
    { numRuns: 500 },
  );
});

function assertSound(checked: CheckedTopology): void {
  assert.equal(checked.kind === "faulty", faultsOf(checked).length > 0);
  for (const { line, column, message, advice } of [...faultsOf(checked), ...checked.warnings]) {
    assert.ok(line >= 1 && column >= 1 && message !== "" && advice !== "");
  }
  formatFaults(faultsOf(checked));
}
