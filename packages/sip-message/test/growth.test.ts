import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type MessageLimits,
  createStreamFramer,
  parseDigestCredentials,
  parseMessage,
  parseNameAddressList,
  parseSipUri,
  serializeMessage,
  sipUrisEqual,
  splitList,
  tagOf,
  validateMessage,
} from "@mss/sip-message";

/*
 * Growth is measured in work, not in time, so that the result is the same on a busy machine: the string functions count
 * the characters they can look at. Doubling an input must not cost more than 2^1.3 times the work.
 */

const LARGEST_EXPONENT = 1.3;
const SIZE = 4_000;

const UNLIMITED: MessageLimits = {
  datagramBytes: 1e7,
  streamBytes: 1e7,
  bodyBytes: 1e7,
  headerCount: 1e7,
  lineBytes: 1e7,
  authorizationBytes: 1e7,
  viaEntryBytes: 1e7,
  requestUriBytes: 1e7,
  identifierBytes: 1e7,
  viaEntries: 1e7,
  routeEntries: 1e7,
  contactEntries: 1e7,
  sdpLines: 1e7,
  contentTypeBytes: 1e7,
  multipartDepth: 8,
};

type Price = (subject: string, result: unknown, parameters: readonly unknown[]) => number;

/** A search costs what it passes over, everything else the length of its text. */
const searched: Price = (subject, result, [, from]) => {
  const start = typeof from === "number" ? from : 0;
  return (typeof result === "number" && result >= 0 ? result : subject.length) - start + 1;
};
const whole: Price = (subject) => subject.length;
const PRICES: Readonly<Record<string, Price>> = {
  charCodeAt: () => 1,
  startsWith: (_subject, _result, [searchedText]) => String(searchedText).length,
  indexOf: searched,
  includes: whole,
  lastIndexOf: whole,
  slice: (_subject, result) => String(result).length,
  replace: whole,
  replaceAll: whole,
  split: whole,
  toLowerCase: whole,
  toUpperCase: whole,
  trim: whole,
};

let work = 0;

/** Makes a method count what it costs; gives what undoes that. */
function count(target: object, name: string, price: Price): () => void {
  const original: unknown = Reflect.get(target, name);
  assert.ok(typeof original === "function");
  Reflect.set(target, name, function counting(this: unknown, ...parameters: readonly unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, parameters);
    work += price(String(this), result, parameters);
    return result;
  });
  return () => {
    Reflect.set(target, name, original);
  };
}

/** Runs `action` with string functions that count, and gives the count. Nothing else may run meanwhile. */
function workOf(action: () => void): number {
  const undo = Object.entries(PRICES).map(([name, price]) => count(String.prototype, name, price));
  undo.push(count(RegExp.prototype, "test", (_subject, _result, [text]) => String(text).length));
  work = 0;
  try {
    action();
    return work;
  } finally {
    for (const restore of undo) {
      restore();
    }
  }
}

function assertLinear(name: string, action: (size: number) => () => void): void {
  const works = [SIZE, 2 * SIZE, 4 * SIZE].map((size) => workOf(action(size)));
  const exponent = Math.log2((works[2] ?? 0) / (works[1] ?? 1));
  assert.ok(exponent < LARGEST_EXPONENT, `${name}: work ${works.join(", ")}, exponent ${exponent.toFixed(2)}`);
}

/** Texts that make backtracking or repeated looking ahead show; each is repeated to the size of the test. */
const UNITS = [
  " ",
  "\t",
  " \t",
  "\r\n ",
  "\r\n",
  "\r",
  "\n",
  "\0",
  "a",
  '"',
  '\\"',
  '" "',
  '"  ',
  "\\",
  "<",
  ">",
  "<sip:a@b>",
  "<sip:a@b>,",
  ",",
  ", ",
  ";",
  "; ",
  ";a=b",
  ';a="',
  "=",
  ":",
  "@",
  "%",
  "%41",
  "%4",
  "&",
  "?a=b",
  "[",
  "::",
  "(",
  "SIP/2.0/UDP a, ",
  "SIP / 2.0 / UDP  a ,",
  "c\r\n",
  "c \r\n",
  "Content-Length\r\n",
  "x:\r\n",
  "l:\r\n  1\r\n",
  "a  b\r\nc:",
  "\xff",
];

const PREFIXES = [
  "",
  "Subject: ",
  "Via: SIP/2.0/UDP h;branch=z",
  "Via: ",
  "From: ",
  'To: "',
  "To: <",
  "To: <sip:a@b>",
  "Contact: ",
  "Contact: <sip:a@b>",
  "Route: <sip:a@b;lr>,",
  "CSeq: 1",
  "Call-ID: ",
  "Authorization: Digest ",
  'Authorization: Digest a="',
  "Content-Length: ",
  "Content-Length",
  "Max-Forwards: 7",
];

function message(field: string): string {
  return `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK\r\n${field}\r\nCall-ID: x\r\n\r\n`;
}

function repeated(unit: string, size: number): string {
  return unit.repeat(Math.ceil(size / unit.length));
}

function handle(text: string): void {
  const outcome = parseMessage(text, UNLIMITED);
  if (outcome.kind === "message") {
    validateMessage(outcome.message, UNLIMITED);
    if (validateMessage(outcome.message, UNLIMITED) === undefined) {
      serializeMessage(outcome.message);
    }
  }
}

test("the measure sees quadratic work where there is some", () => {
  assert.throws(() => {
    assertLinear("searching a text from each of its characters", (size) => () => {
      const text = " ".repeat(size);
      for (let index = 0; index < text.length; index += 1) {
        text.indexOf("x", index);
      }
    });
  }, /exponent 2\.00/);
});

test("parsing and validating any header takes linear work", () => {
  for (const prefix of PREFIXES) {
    for (const unit of UNITS) {
      assertLinear(`${prefix}${JSON.stringify(unit)}…`, (size) => {
        const text = message(prefix + repeated(unit, size));
        return () => {
          handle(text);
        };
      });
    }
  }
});

test("looking into any multipart body takes linear work", () => {
  const heads = ["", "--b\r\n", "--b\r\nContent-Type: multipart/x;boundary=c\r\n\r\n--c\r\n"];
  const units = [
    "--b\r\n",
    "--b",
    "\r\n--b",
    "\r\n--b\r\n\r\n",
    "Content-Type:",
    "Content-Type:\r\n",
    "content-type: x\r\n",
  ];
  for (const unit of [...units, ...UNITS]) {
    for (const head of heads) {
      assertLinear(`${head}${JSON.stringify(unit)}…`, (size) => {
        const body = head + repeated(unit, size);
        const text = message(
          `Content-Type: multipart/x;boundary=b\r\nTo: <sip:a@b>\r\nFrom: <sip:a@b>\r\nCSeq: 1 OPTIONS`,
        );
        return () => {
          handle(text + body);
        };
      });
    }
  }
});

test("reading any start line takes linear work", () => {
  for (const unit of UNITS) {
    for (const prefix of ["", "INVITE ", "INVITE sip:", "INVITE sip:a@", "SIP/2.0 200 "]) {
      assertLinear(`${prefix}${JSON.stringify(unit)}…`, (size) => {
        const text = `${prefix}${repeated(unit, size)} SIP/2.0\r\nTo: <sip:a@b>\r\n\r\n`;
        return () => {
          handle(text);
        };
      });
    }
  }
});

test("the parsers of single values take linear work", () => {
  const parsers: Readonly<Record<string, (text: string) => unknown>> = {
    splitList,
    parseNameAddressList,
    tagOf: (text) => tagOf(text),
    tagOfQuoted: (text) => tagOf(`"" <sip:a@b>${text}`),
    parseSipUri: (text) => parseSipUri(`sip:a@b;${text}`),
    parseSipUser: (text) => parseSipUri(`sip:${text}@b`),
    sipUrisEqual: (text) => sipUrisEqual(`sip:a@b?${text}`, `sip:a@b?x${text}`),
    parseDigestCredentials: (text) => parseDigestCredentials(`Digest ${text}`),
  };
  for (const [name, parser] of Object.entries(parsers)) {
    for (const unit of UNITS) {
      assertLinear(`${name} ${JSON.stringify(unit)}…`, (size) => {
        const text = repeated(unit, size);
        return () => {
          parser(text);
        };
      });
    }
  }
});

test("a framer fed byte by byte takes linear work, whatever the bytes are", () => {
  for (const unit of UNITS) {
    assertLinear(`framer ${JSON.stringify(unit)}…`, (size) => {
      const text = message(`Subject: ${repeated(unit, size)}`);
      return () => {
        const framer = createStreamFramer(UNLIMITED);
        for (let index = 0; index < text.length; index += 1) {
          framer.push(text.slice(index, index + 1));
        }
      };
    });
  }
});
