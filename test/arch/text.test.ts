import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { test } from "node:test";
import { assertNone } from "./assert-none.ts";
import { LINES_ASK, LINES_LIMIT } from "./rules.ts";
import { scan } from "./scan.ts";
import { ALL_SOURCES, ROOT, has, readText } from "./workspace.ts";

const NOT_TEXT = /\.(?:png|jpg|ico|sqlite|wav|pcap|gz)$/;

/** Every text file of the repository: what git knows or would add, or all files when this is no git checkout. */
function textFiles(): string[] {
  const files = has(".git")
    ? execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
        .split("\n")
        .filter((file) => file !== "" && has(file))
    : globSync("**/*.*", { cwd: ROOT, exclude: (name) => name === "node_modules" });
  return files.filter((file) => !NOT_TEXT.test(file) && file !== "package-lock.json");
}

/** Lines that match, as `file:line: text`. */
function linesThatMatch(file: string, text: string, pattern: RegExp): string[] {
  return text
    .split("\n")
    .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
    .filter(({ line }) => pattern.test(line))
    .map(({ line, place }) => `${place}: ${line.trim()}`);
}

test(`no source file is longer than ${LINES_LIMIT} lines`, (t) => {
  const lengths = ALL_SOURCES.map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }));
  for (const { path, lines } of lengths.filter((file) => file.lines > LINES_ASK)) {
    t.diagnostic(`${path} has ${lines} lines (aim: ${LINES_ASK})`);
  }
  assertNone(
    lengths.filter(({ lines }) => lines > LINES_LIMIT).map(({ path, lines }) => `${path}: ${lines} lines`),
    "split it by concept:",
  );
});

test("no any, no non-null assertion, no enum, no switched-off check", () => {
  const inCode: readonly (readonly [string, RegExp])[] = [
    ["any", /(?:[:<,|&(]|\bas|=>)\s*any\b(?!\s*[(:])|\bany\[\]/],
    ["non-null assertion", /[\w)\]]!(?=[.;,)\]}[]|\s*$)/],
    ["enum", /^\s*(?:export\s+)?(?:const\s+)?enum\s/],
  ];
  // The linter may be contradicted in one line, by the rule's name and with a reason; the type checker never.
  const inComments =
    /@ts-(?:ignore|nocheck|expect-error)|prettier-ignore|eslint-disable|oxlint-disable(?!-next-line (?!.*(?:explicit-any|non-null))[\w/-]+ -- \S)/;
  const findings = ALL_SOURCES.flatMap(({ path, text }) => {
    const { code, comments } = scan(text);
    return [
      ...inCode.flatMap(([name, pattern]) => linesThatMatch(path, code, pattern).map((line) => `${name}: ${line}`)),
      ...linesThatMatch(path, comments, inComments),
    ];
  });
  assertNone(findings, "say it in the types:");
});

test("no default exports, no export *", () => {
  const findings = ALL_SOURCES.flatMap(({ path, text }) =>
    linesThatMatch(path, scan(text).code, /\bexport\s+(?:default\b|\*\s)/),
  );
  assertNone(findings, "export by name:");
});

test("nothing is left for later", () => {
  const words = /\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/; // brackets, so that this line is not a finding
  assertNone(
    textFiles().flatMap((file) => linesThatMatch(file, readText(file), words)),
    "do it, or say in the README what is left out:",
  );
});

test("no paths of one machine, no registry hosts", () => {
  // Brackets, so that this line is not a finding.
  const places = /(?<![\w.])\/(?:[h]ome\/[a-z]|[U]sers\/[a-z]|[w]ork\/|[r]oot\/)|:487[3]\b/;
  assertNone(
    textFiles().flatMap((file) => linesThatMatch(file, readText(file), places)),
    "a checkout works anywhere:",
  );
});
