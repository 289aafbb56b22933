import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_LIMITS, canonicalName, parseDatagram, parseMessage } from "@mss/sip-message";
import { fieldsOf, parsed, parsedRequest, wire } from "./messages.ts";

function answerable(text: string): boolean {
  const outcome = parseMessage(text);
  return outcome.kind === "malformed" && outcome.fault.answerable !== undefined;
}

test("start lines: what each must give", () => {
  const rows: readonly (readonly [string, number | "ok"])[] = [
    ["OPTIONS sip:a@b SIP/2.0", "ok"],
    ["OPTIONS sip:a@b sip/2.0", "ok"],
    ["SIP/2.0 200 OK", "ok"],
    ["SIP/2.0 200 ", "ok"],
    ["SIP/2.0 200", "ok"],
    ["SIP/2.0 699 x", "ok"],
    ["SIP/2.0 099 x", 400],
    ["SIP/2.0 700 x", 400],
    ["SIP/2.0 2000 x", 400],
    ["SIP/2.0  200 OK", 400],
    ["SIP/3.0 200 OK", 400],
    ["OPTIONS sip:a@b SIP/7.0", 505],
    ["OPTIONS sip:a@b SIP/2.00", 505],
    ["OPTIONS sip:a@b SIP/x", 400],
    ["OPTIONS sip:a@b HTTP/1.1", 400],
    ["OPTIONS sip:a@b", 400],
    ["OPTIONS", 400],
    ["OPTIONS  sip:a@b SIP/2.0", 400],
    ["OPTIONS sip:a@b  SIP/2.0", 400],
    ["OPTIONS sip:a b SIP/2.0", 400],
    ["OPTIONS\tsip:a@b SIP/2.0", 400],
    ["OPTIONS sip:a\0@b SIP/2.0", 400],
    ["OPT<IONS sip:a@b SIP/2.0", 400],
    [` OPTIONS sip:a@b SIP/2.0`, 400],
    [`OPTIONS sip:${"a".repeat(DEFAULT_LIMITS.lineBytes)}@b SIP/2.0`, 414],
  ];
  for (const [startLine, owed] of rows) {
    const outcome = parseMessage(wire({ startLine }));
    assert.equal(outcome.kind === "message" ? "ok" : outcome.fault.status, owed, startLine.slice(0, 60));
  }
});

test("line breaks before a message are ignored; a message of nothing is malformed", () => {
  assert.equal(parsed(`\r\n\r\n${wire()}`).kind, "request");
  for (const text of ["", "\r\n", "\r\n\r\n", "\0\0\0\0", "OPTIONS sip:a@b SIP/2.0", "OPTIONS sip:a@b SIP/2.0\r\n"]) {
    assert.equal(parseMessage(text).kind, "malformed", JSON.stringify(text));
  }
});

test("compact forms and any case are the long names; the written name stays", () => {
  const message = parsed("SIP/2.0 200 OK\r\ni: 1\r\nV: 2\r\nvIa : 3\r\nx-Own: 4\r\n\r\n");
  assert.equal(message.headers.get("Call-ID"), "1");
  assert.deepEqual(message.headers.all("via"), ["2", "3"]);
  assert.equal(message.headers.get("X-OWN"), "4");
  assert.deepEqual(
    fieldsOf(message).map(({ name }) => name),
    ["i", "V", "vIa", "x-Own"],
  );
  const compact = "a b c d e f i j k l m n o r s t u v x y".split(" ").map(canonicalName);
  assert.equal(compact.every((name) => name.length > 1) && new Set(compact).size, 20);
  assert.deepEqual(["__proto__", "constructor", "Z"].map(canonicalName), ["__proto__", "constructor", "z"]);
});

test("folding is undone and white space outside quotes is one space", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["a b", "a b"],
    ["  a  ", "a"],
    ["\t a\t\t b \t", "a b"],
    ["a\r\n b", "a b"],
    ["a\r\n \r\n\t b", "a b"],
    ["\r\n a", "a"],
    ['"x  y"  <z>', '"x  y" <z>'],
    ['"x \r\n y"  z', '"x  y" z'],
    ['"x \\"  y"  z', '"x \\"  y" z'],
    ['"never  closed', '"never closed'],
    ["", ""],
    ["   ", ""],
    ["\u00a0a\u00a0", "\u00a0a\u00a0"], // the end of a UTF-8 letter is no space
  ];
  for (const [written, value] of rows) {
    const message = parsed(`SIP/2.0 200 OK\r\nX: ${written}\r\nY: z\r\n\r\n`);
    assert.deepEqual([message.headers.get("x"), message.headers.get("y")], [value, "z"], JSON.stringify(written));
  }
});

test("malformed header fields are 400", () => {
  const fields = [
    "no colon",
    ": no name",
    "Na me: x",
    "Na\0me: x",
    "N\u00e4me: x",
    "X: stray\rreturn",
    "X: stray\nfeed",
    "X: stray\r\r\n y",
    `X: ${"a".repeat(DEFAULT_LIMITS.lineBytes)}`,
    `X: ${"a\r\n ".repeat(DEFAULT_LIMITS.lineBytes / 4)}`,
  ];
  for (const field of fields) {
    const first = parseMessage(`OPTIONS sip:a@b SIP/2.0\r\n${field}\r\nY: z\r\n\r\n`);
    const last = parseMessage(wire({ extra: [field] }));
    assert.equal(first.kind === "malformed" && first.fault.status, 400, JSON.stringify(field.slice(0, 40)));
    assert.equal(last.kind === "malformed" && last.fault.status, 400, JSON.stringify(field.slice(0, 40)));
  }
});

test("nothing can be folded into the start line", () => {
  const outcome = parseMessage(wire({ startLine: "OPTIONS sip:a@b SIP/2.0\r\n folded" }));
  assert.equal(outcome.kind === "malformed" && outcome.fault.status, 400);
});

test("a header field and a count of them at the limit pass, one more does not", () => {
  const line = `X: ${"a".repeat(DEFAULT_LIMITS.lineBytes - 5)}`;
  assert.equal(parseMessage(wire({ extra: [line] })).kind, "message");
  assert.equal(parseMessage(wire({ extra: [`${line}aaa`] })).kind, "malformed");
  const fields = Array.from({ length: DEFAULT_LIMITS.headerCount - 6 }, (_, index) => `X-${index}: y`);
  assert.equal(parseMessage(wire({ extra: fields })).kind, "message");
  assert.equal(parseMessage(wire({ extra: [...fields, "Z: z"] })).kind, "malformed");
});

// SEC-10. The framer is asked the same in stream-framer.test.ts.
test("Content-Length: only one of 1 to 7 digits, never more than there is", () => {
  const refused = ["4294967328", "-1", "+5", "0x10", "5 5", "5,5", "6", "9999", "99999999", "", "5;x", "05.0", '"5"'];
  for (const value of refused) {
    const outcome = parseMessage(wire({ extra: [`Content-Length: ${value}`], body: "hello" }));
    assert.equal(outcome.kind === "malformed" && outcome.fault.status, 400, value);
  }
  for (const second of ["Content-Length: 5", "l: 5", "L : 4", "content-length:\r\n 5"]) {
    const outcome = parseMessage(wire({ extra: ["Content-Length: 5", second], body: "hello" }));
    assert.equal(outcome.kind === "malformed" && outcome.fault.status, 400, second);
  }
  for (const [value, body] of [
    ["5", "hello"],
    ["0000005", "hello"],
    ["4", "hell"],
    ["0", ""],
  ] as const) {
    assert.equal(parsed(wire({ extra: [`l:${value}`], body: "hello" })).body, body);
  }
  assert.equal(parsed(wire({ body: "hello" })).body, "hello"); // a datagram ends it, RFC 3261 §18.3
});

test("sizes: 513 beyond a datagram or a stream, 413 beyond a body, and still answerable", () => {
  const rows = [
    [parseDatagram, DEFAULT_LIMITS.datagramBytes, 513],
    [parseMessage, DEFAULT_LIMITS.streamBytes, 513],
  ] as const;
  for (const [parse, limit, status] of rows) {
    const empty = wire();
    assert.equal(parse(wire({ body: "x".repeat(limit - empty.length) })).kind, "message");
    const outcome = parse(wire({ body: "x".repeat(limit - empty.length + 1) }));
    assert.equal(outcome.kind === "malformed" && outcome.fault.status, status);
    assert.equal(outcome.kind === "malformed" && outcome.fault.answerable?.method, "OPTIONS");
  }
  const outcome = parseMessage(wire({ body: "12345" }), { ...DEFAULT_LIMITS, bodyBytes: 4 });
  assert.equal(outcome.kind === "malformed" && outcome.fault.status, 413);
});

test("only a request with Via and CSeq that is no ACK is answerable, whatever else is missing or malformed", () => {
  const bad = { extra: ["Content-Length: x"] };
  assert.equal(answerable(wire(bad)), true);
  for (const without of ["Via", "CSeq"]) {
    assert.equal(answerable(wire({ ...bad, without: [without] })), false, without);
  }
  for (const without of ["From", "To", "Call-ID"]) {
    assert.equal(answerable(wire({ ...bad, without: [without] })), true, without); // RFC 4475 §3.3.1
  }
  assert.equal(answerable(wire({ ...bad, fields: ["Via: SIP/2.0/UDP h;;,;,,"] })), true); // RFC 4475 §3.1.2.1
  assert.equal(answerable(wire({ ...bad, fields: ["Call-ID: a\0b"] })), false);
  assert.equal(answerable(wire({ ...bad, startLine: "ACK sip:a@b SIP/2.0" })), false);
  assert.equal(answerable(wire({ ...bad, startLine: "SIP/2.0 200 OK" })), false);
});

test("an attacker's names reach no prototype", () => {
  const message = parsedRequest(wire({ extra: ["__proto__: x", "constructor: y", "hasOwnProperty: z"] }));
  assert.deepEqual(
    ["__proto__", "constructor", "hasOwnProperty"].map((name) => message.headers.get(name)),
    ["x", "y", "z"],
  );
  assert.equal(Object.hasOwn(Object.prototype, "x"), false);
});
