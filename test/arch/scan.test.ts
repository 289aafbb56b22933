import assert from "node:assert/strict";
import { test } from "node:test";
import { exportsOf, importsOf, scan } from "./scan.ts";

test("comments, strings, templates and regular expressions are not code", () => {
  const source = [
    "const a = 'x // y'; // note",
    "const b = `one ${a + `two ${'}'} {`} three`; /* any */ const c = 1;",
    'const d = /["\'`/[/]]/u.test(b) ? c / 2 / 1 : "any";',
  ].join("\n");
  const { code, comments } = scan(source);
  assert.equal(code.length, source.length);
  assert.match(code, /^const a = +;\s+\nconst b = +a \+ +; +const c = 1;\nconst d = +\.test\(b\) \? c \/ 2 \/ 1 : +;$/);
  assert.equal(comments.replaceAll(/\s+/g, " ").trim(), "// note /* any */");
});

test("imports are found whatever their form, and those in comments and strings are not", () => {
  const source = `
    import "./side-effect.ts";
    import type { A } from "@mss/model";
    import { type B, c } from "@mss/runtime";
    import * as all from 'node:fs';
    import name, { other } from "pino";
    export { d } from "./d.ts";
    export type { E } from "./e.ts";
    const later = await import("yaml");
    // import { no } from "in-a-comment";
    const text = 'import { no } from "in-a-string"';
  `;
  assert.deepEqual(
    importsOf(source).map(({ specifier, typeOnly }) => [specifier, typeOnly]),
    [
      ["./side-effect.ts", false],
      ["@mss/model", true],
      ["@mss/runtime", false],
      ["node:fs", false],
      ["pino", false],
      ["./d.ts", false],
      ["./e.ts", true],
      ["yaml", false],
    ],
  );
});

test("exported names are listed, types marked", () => {
  const source = `
    export { a, type B, c as d } from "./x.ts";
    export type { E } from "./y.ts";
    export const F = 1;
    export async function g(): Promise<void> {}
    export interface H {}
    export * from "./z.ts";
  `;
  assert.deepEqual(exportsOf(source), ["*", "B (type)", "E (type)", "F", "H (type)", "a", "d", "g"]);
});
