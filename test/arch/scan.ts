/**
 * A scanner of TypeScript text, as far as architecture rules need it: what is code, what is a comment, what is a
 * string. TypeScript 7 offers no syntax tree to programs yet.
 */

/** The source twice, each as long as the original, with line breaks kept: the rest of the other kind is blank. */
export interface Scan {
  /** Code with comments, contents of strings and of regular expressions blanked. */
  readonly code: string;
  /** Comments alone. */
  readonly comments: string;
  /** Code with strings as they are and comments blanked. */
  readonly codeWithStrings: string;
}

type Kind = "code" | "comment" | "string";

/** One expression per token that can hide another; the first alternative that matches wins. */
const TOKEN = new RegExp(
  [
    String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)`,
    String.raw`(?<quoted>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')`,
    String.raw`(?<template>\`)`,
    String.raw`(?<slash>\/)`,
    String.raw`(?<brace>[{}])`,
  ].join("|"),
  "g",
);

/** A regular expression literal, from its slash on. */
const REGULAR_EXPRESSION = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

/** After these a slash begins a regular expression; after a name, a number or a bracket it divides. */
const BEFORE_EXPRESSION = /(?:^|[([{,;=:?!&|+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|await|yield|throw))$/;

export function scan(source: string): Scan {
  const kinds = kindsOf(source);
  const keep = (wanted: readonly Kind[]): string =>
    source.replaceAll(/[^\n]/g, (character, at: number) => (wanted.includes(kinds[at] ?? "code") ? character : " "));
  return { code: keep(["code"]), comments: keep(["comment"]), codeWithStrings: keep(["code", "string"]) };
}

function kindsOf(source: string): Kind[] {
  const kinds = Array.from<Kind>({ length: source.length }).fill("code");
  /** Open braces inside template substitutions: one counter per `${`. */
  const substitutions: number[] = [];
  let at = 0;
  for (let token = nextToken(source, at); token !== undefined; token = nextToken(source, at)) {
    at = token.start + token.text.length;
    if (token.name === "comment" || token.name === "quoted") {
      kinds.fill(token.name === "comment" ? "comment" : "string", token.start, at);
    } else if (token.name === "slash") {
      const end = endOfRegularExpression(source, token.start, kinds);
      kinds.fill("string", token.start, end);
      at = end === token.start ? at : end;
    } else if (token.name === "template" || closesSubstitution(token.text, substitutions)) {
      const { end, opensSubstitution } = templatePart(source, at);
      kinds.fill("string", token.start, end);
      if (opensSubstitution) {
        substitutions.push(0);
      }
      at = end;
    }
  }
  return kinds;
}

function nextToken(source: string, from: number): { start: number; text: string; name: string } | undefined {
  TOKEN.lastIndex = from;
  const match = TOKEN.exec(source);
  if (match === null) {
    return undefined;
  }
  const name = Object.entries(match.groups ?? {}).find(([, text]) => (text as string | undefined) !== undefined);
  return { start: match.index, text: match[0], name: name?.[0] ?? "" };
}

/** Keeps count of braces; true when this one ends a `${ … }`. */
function closesSubstitution(text: string, substitutions: number[]): boolean {
  const open = substitutions.at(-1);
  if (open === undefined) {
    return false;
  }
  if (text === "}" && open === 0) {
    substitutions.pop();
    return true;
  }
  substitutions[substitutions.length - 1] = open + (text === "{" ? 1 : -1);
  return false;
}

function endOfRegularExpression(source: string, start: number, kinds: readonly Kind[]): number {
  let before = start - 1;
  while (before >= 0 && (kinds[before] === "comment" || /\s/.test(source.charAt(before)))) {
    before -= 1;
  }
  if (kinds[before] === "string" || !BEFORE_EXPRESSION.test(source.slice(Math.max(0, before - 10), before + 1))) {
    return start;
  }
  REGULAR_EXPRESSION.lastIndex = start;
  return REGULAR_EXPRESSION.test(source) ? REGULAR_EXPRESSION.lastIndex : start;
}

/** From inside a template literal to its end, or to behind the next `${`. */
function templatePart(source: string, from: number): { end: number; opensSubstitution: boolean } {
  for (let at = from; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === "\\") {
      at += 1;
    } else if (character === "`") {
      return { end: at + 1, opensSubstitution: false };
    } else if (character === "$" && source.charAt(at + 1) === "{") {
      return { end: at + 2, opensSubstitution: true };
    }
  }
  return { end: source.length, opensSubstitution: false };
}

const IMPORT =
  /(?<![.\w$])(?:import|export)\s+(?:(?<typeOnly>type)\s+(?!from\b))?(?:[\w$*{},\s]+?\sfrom\s*)?["'](?<from>[^"']+)["']|(?<![.\w$])import\s*\(\s*["'](?<dynamic>[^"']+)["']/g;

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** What a module imports or re-exports from, static and dynamic, in the order of the text. */
export function importsOf(source: string): Import[] {
  const { code, codeWithStrings } = scan(source);
  return [...codeWithStrings.matchAll(IMPORT)]
    .filter((match) => code.charAt(match.index) !== " ") // not inside a string
    .map((match) => ({
      specifier: match.groups?.["from"] ?? match.groups?.["dynamic"] ?? "",
      typeOnly: match.groups?.["typeOnly"] !== undefined,
    }));
}

const EXPORT_LIST = /\bexport\s+(?<typeOnly>type\s+)?\{(?<names>[^}]*)\}/g;
const EXPORT_DECLARATION =
  /\bexport\s+(?:declare\s+)?(?:async\s+|abstract\s+)?(?<keyword>const|let|function\*?|class|interface|type)\s+(?<name>[\w$]+)/g;

/** Names that a module exports, sorted; types are marked. `export *` shows as `*`. */
export function exportsOf(source: string): string[] {
  const { code } = scan(source);
  const names = [...code.matchAll(EXPORT_LIST)].flatMap((match) =>
    (match.groups?.["names"] ?? "")
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map((entry) => named(entry, match.groups?.["typeOnly"] !== undefined)),
  );
  for (const match of code.matchAll(EXPORT_DECLARATION)) {
    const keyword = match.groups?.["keyword"] ?? "";
    names.push(mark(match.groups?.["name"] ?? "", keyword === "type" || keyword === "interface"));
  }
  if (/\bexport\s+\*/.test(code)) {
    names.push("*");
  }
  return names.toSorted();
}

function named(entry: string, listIsTypes: boolean): string {
  const isType = listIsTypes || entry.startsWith("type ");
  const name = entry.replace(/^type\s+/, "").replace(/^.*\sas\s+/, "");
  return mark(name, isType);
}

function mark(name: string, isType: boolean): string {
  return isType ? `${name} (type)` : name;
}
