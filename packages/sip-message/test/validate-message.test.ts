import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_LIMITS, parseMessage, validateMessage } from "@mss/sip-message";
import { type Changes, judge, wire } from "./messages.ts";

type Row = readonly [why: string, changes: Changes, owed: number | undefined];

function check(rows: readonly Row[]): void {
  for (const [why, changes, owed] of rows) {
    assert.equal(judge(wire(changes))?.status, owed, why);
  }
}

function uri(text: string): Changes {
  return { startLine: `OPTIONS ${text} SIP/2.0` };
}

function field(text: string, owed?: number): Row {
  return [text.slice(0, 70), { fields: [text] }, owed];
}

function extra(text: string, owed?: number): Row {
  return [text.slice(0, 70), { extra: [text] }, owed];
}

function lines(count: number): Changes {
  return { extra: ["c: application/sdp"], body: "a=x\r\n".repeat(count) };
}

test("the good message is good", () => {
  assert.equal(judge(wire()), undefined);
});

test("Request-URI: 400, 414, 416", () => {
  const room = DEFAULT_LIMITS.requestUriBytes - "sip:@b".length;
  check([
    ["at the limit", uri(`sip:${"a".repeat(room)}@b`), undefined],
    ["beyond the limit", uri(`sip:${"a".repeat(room + 1)}@b`), 414],
    ["sips", uri("sips:a@b"), undefined],
    ["tel", uri("tel:+442071234567"), undefined],
    ["IPv6", uri("sip:a@[2001:db8::1]:5060"), undefined],
    ["no telephone number", uri("tel:abc-xyz"), 400],
    ["another scheme", uri("http://b"), 416],
    ["no scheme", uri("1000"), 400],
    ["no host", uri("sip:a@"), 400],
    ["headers", uri("sip:a@b?Route=c"), 400],
    ["beyond ASCII", uri("sip:\xc3\xa9@b"), 400],
    ["another scheme beyond ASCII", uri("x:\xc2\xa0"), 400],
    ["brackets", uri("<sip:a@b>"), 400],
    ["port 0", uri("sip:a@b:0"), 400],
    ["port 65536", uri("sip:a@b:65536"), 400],
  ]);
});

// SEC-17
test("mandatory headers must be there and not empty, in requests and responses", () => {
  for (const startLine of ["OPTIONS sip:a@b SIP/2.0", "SIP/2.0 200 OK"]) {
    for (const name of ["Via", "From", "To", "Call-ID", "CSeq"]) {
      check([
        [`${startLine} without ${name}`, { startLine, without: [name] }, 400],
        [`${startLine} with empty ${name}`, { startLine, fields: [`${name}:`] }, 400],
      ]);
    }
  }
  const invite: Changes = { startLine: "INVITE sip:a@b SIP/2.0", fields: ["CSeq: 1 INVITE"] };
  check([
    ["no Max-Forwards: RFC 2543", { without: ["Max-Forwards"] }, undefined],
    ["INVITE without Contact", invite, 400],
    ["INVITE with Contact", { ...invite, extra: ["m: <sip:a@b>"] }, undefined],
  ]);
});

// SEC-18
test("headers that stand once must not stand twice, same value or another", () => {
  const single = [
    "From: <sip:a@b>;tag=2",
    "To: <sip:a@b>",
    "Call-ID: 2",
    "CSeq: 1 OPTIONS",
    "Max-Forwards: 70",
    "Content-Length: 0",
    "Content-Type: text/plain",
    "Expires: 1",
    "Event: x",
    "Refer-To: <sip:a@b>",
    "Referred-By: <sip:a@b>",
    "Replaces: 1",
    "Session-Expires: 90",
    "Min-SE: 90",
    "RAck: 1 1 INVITE",
    "RSeq: 1",
    "Subscription-State: active",
    "Reply-To: <sip:a@b>",
    "SIP-ETag: 1",
    "SIP-If-Match: 1",
    "Identity: x",
  ];
  for (const written of single) {
    check([[written, { extra: [written, written] }, 400]]);
  }
  check([["Supported is a list", { extra: ["Supported: a", "k: b"] }, undefined]]);
});

test("values of the mandatory headers and the numbers", () => {
  const long = "x".repeat(DEFAULT_LIMITS.identifierBytes);
  check([
    field(`Call-ID: ${long}`),
    field(`Call-ID: ${long}x`, 400),
    field("Call-ID: a b", 400),
    field(`From: <sip:a@b>;tag=${long}`),
    field(`From: <sip:a@b>;tag=${long}x`, 400),
    field(`To: <sip:a@b>;tag=${long}x`, 400),
    field("To: <sip:a@b", 400),
    field('To: "a <sip:a@b>', 400),
    field("To: <sip:a@b> x", 400),
    field("To: <sip:a@b>;tag=1;tag=2", 400),
    field("To: <sip:@b>", 400),
    field("To: <isbn:2983792873>"),
    field("From: <sip:a@b>;tag=a:b", 400), // drachtio-srf would read the tag `a`
    field('From: <sip:a@b>;tag="a"', 400),
    field("From: <sip:a@b>;tag=", 400),
    field("From: <sip:a@b>;tag", 400),
    field("From: <sip:a@b>;x=[::1];tag=a", 400), // and here none
    field("From: <sip:\xc3\xa9@b>;tag=a", 400),
    field("Call-ID: \xc3\xa9", 400),
    field("Via: SIP/2.0/UDP h;branch=[::1]", 400),
    field("Via: SIP/2.0/UDP h;received=::1;maddr=[::1];branch=a"),
    field("Subject: \xe2\x80\xa8", 400), // U+2028, a line break of JavaScript
    field("Subject: \xe2\x80\xa7"),
    field(`Via: SIP/2.0/UDP h;branch=${long}`),
    field(`Via: SIP/2.0/UDP h;branch=${long}x`, 400),
    field(`Via: SIP/2.0/UDP h;x=${"y".repeat(DEFAULT_LIMITS.viaEntryBytes)}`, 400),
    field("Via: SIP/2.0/UDP h, nonsense", 400),
    field("CSeq: 2147483647 OPTIONS"),
    field("CSeq: 2147483648 OPTIONS", 400),
    field("CSeq: 4294967297 OPTIONS", 400),
    field("CSeq: -1 OPTIONS", 400),
    field("CSeq: 1", 400),
    field("CSeq: 1 INVITE", 400),
    field("CSeq: 1 options", 400),
    field("Max-Forwards: 255"),
    field("Max-Forwards: 0"), // 483 is for whoever would send it on
    field("Max-Forwards: 256", 400),
    field("Max-Forwards: x", 400),
    extra("Expires: 4294967295"),
    extra("Expires: 4294967296", 400),
    extra("Expires: -1", 400),
    extra("Date: not a date"),
    extra(`Authorization: ${"x".repeat(DEFAULT_LIMITS.authorizationBytes)}`),
    extra(`Authorization: ${"x".repeat(DEFAULT_LIMITS.authorizationBytes + 1)}`, 400),
    extra(`Proxy-Authorization: ${"x".repeat(DEFAULT_LIMITS.authorizationBytes + 1)}`, 400),
    extra(`WWW-Authenticate: ${"x".repeat(DEFAULT_LIMITS.authorizationBytes + 1)}`, 400),
    extra("Contact: *"),
    extra("Contact: *, <sip:a@b>", 400),
    extra("Contact:", 400),
    extra("Refer-To: < sip:a@b", 400),
    extra("P-Asserted-Identity: <sip:a@b", 400),
    extra('X-Anything: ;;,,<"', undefined),
  ]);
});

test("entries of Via, Route, Record-Route and Contact are counted over fields and commas", () => {
  const rows = [
    ["Via", "SIP/2.0/UDP h", DEFAULT_LIMITS.viaEntries - 1], // one stands there already
    ["Route", "<sip:h;lr>", DEFAULT_LIMITS.routeEntries],
    ["Record-Route", "<sip:h;lr>", DEFAULT_LIMITS.routeEntries],
    ["Contact", "<sip:h>", DEFAULT_LIMITS.contactEntries],
  ] as const;
  for (const [name, entry, maximum] of rows) {
    const listed = (count: number): Changes => ({ extra: [`${name}: ${Array(count).fill(entry).join(", ")}`] });
    const single = (count: number): Changes => ({ extra: Array<string>(count).fill(`${name}: ${entry}`) });
    check([
      [`${maximum} of ${name}`, listed(maximum), undefined],
      [`${maximum + 1} of ${name}`, listed(maximum + 1), 400],
      [`${maximum} fields of ${name}`, single(maximum), undefined],
      [`${maximum + 1} fields of ${name}`, single(maximum + 1), 400],
    ]);
  }
});

// SEC-08, D2
test("escaped header names and NUL are refused, a % that decodes to nothing is not", () => {
  check([
    ["escape", { extra: ["C%6Fntact: <sip:a@b>"] }, 400],
    ["escape of JavaScript", { extra: ["C%u006Fntact: <sip:a@b>"] }, 400],
    ["any escape", { extra: ["X-%41: y"] }, 400],
    ["no escape", { extra: ["X-%*: y"] }, undefined],
    ["NUL in a value", { extra: ["X: a\0b"] }, 400],
    ["NUL in quotes", { fields: ['To: "\0" <sip:a@b>'] }, 400],
    ["quoted pair of a NUL, which is left out", { fields: ['To: "\\\0" <sip:a@b>'] }, undefined],
    ["the same outside quotes", { extra: ["X: \\\0"] }, 400],
  ]);
});

/** Multipart bodies within each other, `depth` of them, and `innermost` within the last. */
function nested(depth: number, innermost: string): { readonly type: string; readonly body: string } {
  const inner = depth === 1 ? { type: "application/sdp", body: innermost } : nested(depth - 1, innermost);
  const boundary = `level${depth}`;
  const body = `--${boundary}\r\nX: y\r\ncontent-type : ${inner.type}\r\n\r\n${inner.body}\r\n--${boundary}--\r\n`;
  return { type: `multipart/mixed;boundary="${boundary}"`, body };
}

function multipart(depth: number, innermost = "v=0\r\n"): Changes {
  const { type, body } = nested(depth, innermost);
  return { extra: [`Content-Type: ${type}`], body };
}

function typed(value: string): Changes {
  return { extra: [`c: ${value}`], body: "--b\r\n\r\nx\r\n--b--\r\n" };
}

function inPart(text: string): Changes {
  return { extra: ["c: multipart/mixed; boundary=b"], body: `--b\r\n\r\n${text}\r\n--b--\r\n` };
}

// SEC-20
test("multipart bodies: 415 beyond the depth, 488 for a long SDP within, 400 for what cannot be taken apart", () => {
  const depth = DEFAULT_LIMITS.multipartDepth;
  check([
    ["at the depth", multipart(depth), undefined],
    ["beyond it", multipart(depth + 1), 415],
    ["far beyond it", multipart(100), 415],
    ["a long SDP inside", multipart(1, "a=x\r\n".repeat(DEFAULT_LIMITS.sdpLines + 1)), 488],
    ["a long SDP deeper", multipart(depth, "a=x\r\n".repeat(DEFAULT_LIMITS.sdpLines + 1)), 488],
    ["no boundary", typed("multipart/mixed"), 400],
    ["empty boundary", typed('multipart/mixed;boundary=""'), 400],
    ["long boundary", typed(`multipart/mixed;boundary=${"b".repeat(71)}`), 400],
    ["two boundaries", typed("multipart/mixed;boundary=b;boundary=c"), 400],
    ["boundary that does not occur", typed("multipart/mixed;boundary=c"), undefined],
    ["no body", { extra: ["c: multipart/mixed"] }, undefined],
    ["long Content-Type", typed(`multipart/mixed;boundary=b;x=${"y".repeat(DEFAULT_LIMITS.contentTypeBytes)}`), 400],
    // D1's like in bodies: drachtio-srf reads these in quadratic time.
    ["white space after a type", inPart(`Content-Type:${" ".repeat(500)}x`), 400],
    ["white space of UTF-8", inPart(`Content-Type:${"\xc2\xa0".repeat(500)}x`), 400],
    ["a type line without end", inPart(`Content-Type:${"x".repeat(500)}\n`), 400],
    ["a type line cut by U+2028", inPart(`Content-Type: x\xe2\x80\xa8`), 400],
    ["a type line", inPart("Content-Type: text/plain"), undefined],
  ]);
});

test("bodies: 413 beyond the limit, 488 for an SDP of too many lines", () => {
  check([
    ["SDP at the limit", lines(DEFAULT_LIMITS.sdpLines), undefined],
    ["SDP beyond it", lines(DEFAULT_LIMITS.sdpLines + 1), 488],
    ["another type", { ...lines(1000), extra: ["c: text/plain"] }, undefined],
  ]);
  const outcome = parseMessage(wire({ body: "12345" }));
  assert.ok(outcome.kind === "message");
  assert.equal(validateMessage(outcome.message, { ...DEFAULT_LIMITS, bodyBytes: 4 })?.status, 413);
});
