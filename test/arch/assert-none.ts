import assert from "node:assert/strict";

/** Fails with one line per finding, under the rule they break. */
export function assertNone(findings: readonly string[], rule: string): void {
  if (findings.length > 0) {
    assert.fail(`${rule}\n  ${[...new Set(findings)].join("\n  ")}`);
  }
}
