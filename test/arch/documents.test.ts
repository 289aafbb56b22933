import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNone } from "./assert-none.ts";
import { scan } from "./scan.ts";
import { PACKAGES, has, readText } from "./workspace.ts";
import type { WorkspacePackage } from "./workspace.ts";

/** What a reader finds in the README of every package, whatever the exact words of the heading. */
const HEADINGS: Readonly<Record<string, RegExp>> = {
  Guarantees: /^#{2,3} .*guarantees/im,
  "Public names": /^#{2,3} .*(?:public|exports?\b|api\b|names)/im,
  Closures: /^#{2,3} .*closures/im,
};

/** A row of a README's error table begins with its code. */
const CODE_ROW = /^\|\s*`([A-Z][A-Z0-9_]+)`/gm;

/** The table of codes in a package's source: `export const ERRORS = { CODE: …`, also as HTTP_ERRORS and the like. */
const CODE_TABLE = /export const (?:[A-Z]+_)?(?:ERRORS|ERROR_CODES|CODES)\b[^=]*=\s*\{([\s\S]*?)\n\}/g;
const CODE_KEY = /^ {2}([A-Z][A-Z0-9_]+):/gm;

function readme({ folder }: WorkspacePackage): string {
  return has(`${folder}/README.md`) ? readText(`${folder}/README.md`) : "";
}

function codesOf({ sources }: WorkspacePackage): string[] {
  return sources.flatMap(({ text }) =>
    [...scan(text).code.matchAll(CODE_TABLE)].flatMap((table) =>
      [...(table[1] ?? "").matchAll(CODE_KEY)].map((key) => key[1] ?? ""),
    ),
  );
}

for (const entry of PACKAGES) {
  test(`${entry.folder}/README.md says what the package is for, what it guarantees and who stops whom`, () => {
    const text = readme(entry);
    assert.notEqual(text, "", "there is no README.md");
    assert.match(text, /^# .+\n+[^#\n|].{40,}/, "begins with its name and a paragraph of purpose");
    const missing = Object.keys(HEADINGS).filter((name) => HEADINGS[name]?.test(text) !== true);
    assertNone(missing, "no heading for:");
    assert.match(text, /\bMUST\b/, "guarantees are said with MUST and MUST NOT");
  });

  test(`${entry.folder}: error codes and the README's table agree`, () => {
    const codes = codesOf(entry).toSorted();
    const documented = [...readme(entry).matchAll(CODE_ROW)].map((row) => row[1] ?? "");
    const missing = codes.filter((code) => !documented.includes(code));
    assertNone(missing, "codes without a row in the README's error table:");
    const text = entry.sources.map((file) => file.text).join("\n");
    const gone = documented.filter((code) => !text.includes(code));
    assertNone(gone, "rows for codes that are not in src:");
  });
}

test("the top folder has its README and its CHANGELOG", () => {
  assert.ok(has("README.md"), "README.md");
  assert.match(has("CHANGELOG.md") ? readText("CHANGELOG.md") : "", /^#+ .*(?:next|unreleased)/im);
});
