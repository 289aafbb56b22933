import type { Random } from "./random.ts";

/** Changes a message in one way; `other` is a second message, for what takes parts of two. */
type Mutator = (text: string, random: Random, other: string) => string;

function insert(text: string, at: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at);
}

function replace(text: string, { start, end }: Span, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place right after a character that separates something, where readers differ most; else anywhere. */
function place(text: string, random: Random): number {
  const at = random.below(text.length + 1);
  if (random.oneIn(4)) {
    return at;
  }
  const separator = /[\s<>",;:=@/?()[\]%&*\\]/g;
  separator.lastIndex = at;
  const found = separator.exec(text);
  return found === null ? at : found.index + random.below(2);
}

function span(text: string, random: Random, longest: number): Span {
  const start = place(text, random);
  return { start, end: Math.min(text.length, start + 1 + random.below(longest)) };
}

/** A header field with the line break after it, start line and body excluded. */
function field(text: string, random: Random): Span | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  const lines = (headEnd === -1 ? text : text.slice(0, headEnd)).split("\r\n");
  const chosen = 1 + random.below(Math.max(1, lines.length - 1));
  const before = lines.slice(0, chosen).join("\r\n").length + 2;
  const line = lines[chosen];
  return line === undefined ? undefined : { start: before, end: Math.min(text.length, before + line.length + 2) };
}

const WHITE = [" ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", "\r\n  \r\n ", "\v", "\f", "\r", "\n"] as const;
const EIGHT_BIT = [
  "\x80",
  "\xff",
  "\xc2\xa0",
  "\xe2\x80\xa8",
  "\xe2\x80\xa9",
  "\xef\xbb\xbf",
  "\xc3\xa9",
  "\xf0\x9f\x93\x9e",
  "\xe3\x80\x80",
] as const;
const SPECIAL = [
  '"',
  "\\",
  '\\"',
  "<",
  ">",
  "<>",
  ",",
  ";",
  ";;",
  ":",
  "=",
  "@",
  "%",
  "%00",
  "%0d%0a",
  "*",
  "?",
  "&",
  "[",
  "]",
  "(",
  ")",
  "'",
  "`",
  "|",
  "{",
  "}",
  "#",
  "\r\n",
  "\r\n\r\n",
  ";tag=x",
  ";branch=z9hG4bKx",
  ";x=[::1]",
  ";x=a:b",
  ", <sip:x@y>",
  "sip:",
  "\x7f",
  "\x1b",
] as const;
const NUMBERS = [
  "0",
  "00",
  "-1",
  "+5",
  "0x10",
  "1e3",
  "255",
  "256",
  "65535",
  "65536",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "4294967328",
  "9999999",
  "10000000",
  "99999999999999999999",
  "5 5",
  "5,5",
  "",
  " 7 ",
] as const;
const NAMES = [
  "Via",
  "v",
  "From",
  "f",
  "To",
  "t",
  "Call-ID",
  "i",
  "CSeq",
  "Contact",
  "m",
  "Content-Length",
  "l",
  "Content-Type",
  "c",
  "Route",
  "Record-Route",
  "Max-Forwards",
  "Authorization",
  "X-A",
  "x-a",
  "P-Asserted-Identity",
  "p-asserted-identity",
  "Diversion",
  "constructor",
  "__proto__",
  "C%6Fntact",
  "e",
  "Refer-To",
  "r",
  "Require",
  "Supported",
] as const;

export const MUTATORS: Readonly<Record<string, Mutator>> = {
  whiteSpace: (text, random) =>
    insert(text, place(text, random), random.pick(WHITE).repeat(random.oneIn(40) ? 2000 : 1 + random.below(3))),
  case: (text, random) => {
    const part = span(text, random, 20);
    const old = text.slice(part.start, part.end);
    // Of ASCII letters alone: the capital of a byte above 0x7F may be no byte.
    return replace(
      text,
      part,
      old.replace(/[a-z]+/gi, (letters) => (random.oneIn(2) ? letters.toUpperCase() : letters.toLowerCase())),
    );
  },
  rename: (text, random) => {
    const line = field(text, random);
    const colon = line === undefined ? -1 : text.indexOf(":", line.start);
    return line === undefined || colon === -1
      ? text
      : replace(text, { start: line.start, end: colon }, random.pick(NAMES));
  },
  fold: (text, random) => {
    const at = text.indexOf(" ", random.below(text.length + 1));
    return at === -1 ? text : replace(text, { start: at, end: at + 1 }, random.pick(["\r\n ", "\r\n\t", " \r\n  "]));
  },
  nul: (text, random) => insert(text, place(text, random), random.pick(["\0", "\\\0", '"\\\0"'])),
  eightBit: (text, random) => insert(text, place(text, random), random.pick(EIGHT_BIT)),
  escape: (text, random) => {
    const at = random.below(text.length);
    const code = text.charCodeAt(at).toString(16).padStart(2, "0");
    return replace(
      text,
      { start: at, end: at + 1 },
      random.pick([`%${code}`, `%${code.toUpperCase()}`, `%u00${code}`]),
    );
  },
  special: (text, random) => insert(text, place(text, random), random.pick(SPECIAL)),
  repeat: (text, random) => {
    const part = span(text, random, 30);
    return insert(
      text,
      part.end,
      text.slice(part.start, part.end).repeat(random.oneIn(20) ? 300 : 1 + random.below(12)),
    );
  },
  deleteField: (text, random) => {
    const line = field(text, random);
    return line === undefined ? text : replace(text, line, "");
  },
  duplicateField: (text, random, other) => {
    const line = field(random.oneIn(2) ? text : other, random);
    const from = random.oneIn(2) ? text : other;
    const at = field(text, random);
    return line === undefined || at === undefined ? text : insert(text, at.start, from.slice(line.start, line.end));
  },
  swapFields: (text, random) => {
    const line = field(text, random);
    if (line === undefined) {
      return text;
    }
    const without = replace(text, line, "");
    const at = field(without, random);
    return at === undefined ? text : insert(without, at.start, text.slice(line.start, line.end));
  },
  takeValue: (text, random, other) => {
    const mine = field(text, random);
    const theirs = field(other, random);
    const colon = mine === undefined ? -1 : text.indexOf(":", mine.start);
    const otherColon = theirs === undefined ? -1 : other.indexOf(":", theirs.start);
    const isWhole = mine !== undefined && theirs !== undefined && colon !== -1 && otherColon !== -1;
    return isWhole
      ? replace(text, { start: colon, end: Math.max(colon, mine.end) }, other.slice(otherColon, theirs.end))
      : text;
  },
  number: (text, random) => {
    const digits = /[0-9]+/g;
    digits.lastIndex = random.below(text.length);
    const found = digits.exec(text);
    return found === null
      ? text
      : replace(text, { start: found.index, end: found.index + found[0].length }, random.pick(NUMBERS));
  },
  delete: (text, random) => replace(text, span(text, random, 12), ""),
  truncate: (text, random) => text.slice(0, random.below(text.length + 1)),
  splice: (text, random, other) => text.slice(0, place(text, random)) + other.slice(place(other, random)),
  flip: (text, random) => {
    const at = random.below(text.length);
    const flipped = text.charCodeAt(at) ^ (1 << random.below(8));
    return replace(text, { start: at, end: at + 1 }, String.fromCharCode(flipped & 0xff));
  },
};

const NAMES_OF_MUTATORS = Object.keys(MUTATORS);

/** One to four changes, few more often than many, and a Content-Length that fits the body half of the time. */
export function mutate(seedText: string, random: Random, other: string): string {
  let text = seedText;
  let more = 4;
  do {
    const mutator = MUTATORS[NAMES_OF_MUTATORS[random.below(NAMES_OF_MUTATORS.length)] ?? ""];
    text = text === "" ? other : (mutator?.(text, random, other) ?? text);
    more -= 1;
  } while (more > 0 && random.oneIn(2));
  return random.oneIn(2) ? withFittingLength(text) : text;
}

/** Without it nearly every change of a body, and of what ends the headers, would only show a wrong length. */
function withFittingLength(text: string): string {
  const end = text.indexOf("\r\n\r\n");
  const length = text.length - end - 4;
  return end === -1 ? text : text.replace(/^(content-length|l)([ \t]*:[ \t]*)\d+(?=\r\n)/im, `$1$2${length}`);
}
