import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAppMessage } from "../../src/wire/commands.ts";
import { readAppHeaders } from "../../src/engine/app-headers.ts";
import { contactWith } from "../../src/engine/dialog-message.ts";
import { canonicalHeaderName } from "../../src/engine/header-names.ts";
import { bracketed, replaceLocalhost } from "../../src/engine/localhost.ts";
import { ownContact, targetOfNextHop, targetOfUri } from "../../src/engine/next-hop.ts";
import { parseStartLine } from "../../src/engine/start-line.ts";

test("header names get their usual form", () => {
  const names = ["call-id", "CSEQ", "www-authenticate", "retry-after", "x-mss-path", "rseq", "mime-version"];
  assert.deepEqual(names.map(canonicalHeaderName), [
    "Call-ID",
    "CSeq",
    "WWW-Authenticate",
    "Retry-After",
    "X-Mss-Path",
    "RSeq",
    "MIME-Version",
  ]);
});

test("what an application may not set is dropped, what it may is sorted", () => {
  const message = parseAppMessage(
    "INVITE sip:a SIP/2.0\r\nvia: x\r\nRoute: <sip:evil>\r\nRecord-Route: <sip:evil>\r\nRSeq: 1\r\nContent-Length: 9\r\n" +
      "f: sip:me@localhost\r\nm: <sip:me@localhost>\r\nk: 100rel\r\nsubject: hi\r\ncseq: 5 INVITE\r\n\r\nv=0",
  );
  assert.ok(message !== undefined);
  const headers = readAppHeaders(message);
  assert.equal(headers.from, "sip:me@localhost");
  assert.equal(headers.sequence, 5);
  assert.equal(headers.contentType, "application/sdp");
  assert.deepEqual(headers.others, [
    { name: "Supported", value: "100rel" },
    { name: "Subject", value: "hi" },
  ]);
});

const PLACEHOLDERS = [
  ["sip:me@localhost", "sip:me@10.0.0.1:5080"],
  ["<sip:localhost>", "<sip:10.0.0.1:5080>"],
  ["<sip:me@localhost:5060;lr>", "<sip:me@10.0.0.1:5080;lr>"],
  ["<sip:a@localhost>, <sip:b@localhost>", "<sip:a@10.0.0.1:5080>, <sip:b@10.0.0.1:5080>"],
  ["<sip:me@localhost.example>", "<sip:me@localhost.example>"],
  ["<sip:localhost@10.0.0.9>", "<sip:localhost@10.0.0.9>"],
  ["*", "*"],
] as const;
for (const [value, expected] of PLACEHOLDERS) {
  test(`${value} becomes ${expected}`, () => {
    assert.equal(replaceLocalhost(value, "10.0.0.1:5080"), expected);
  });
}

test("a bare URI gets brackets, its parameters stay the header's", () => {
  assert.equal(bracketed("sip:me@a;tag=1"), "<sip:me@a>;tag=1");
  assert.equal(bracketed('"A" <sip:me@a>;tag=1'), '"A" <sip:me@a>;tag=1');
});

test("a Contact tells the transport it is reached by", () => {
  const own = { transport: "tcp", host: "10.0.0.1", port: 5080 } as const;
  assert.equal(contactWith("sip:me@localhost", own, false), "<sip:me@10.0.0.1:5080;transport=tcp>");
  assert.equal(contactWith("<sip:me@10.9.9.9>;expires=60", own, false), "<sip:me@10.9.9.9>;expires=60");
  const secure = { transport: "tls", host: "10.0.0.1", port: 6060 } as const;
  assert.equal(contactWith("sip:me@localhost", secure, true), "<sips:me@10.0.0.1:6060>");
  assert.equal(ownContact(secure, true), "<sips:10.0.0.1:6060>");
  assert.equal(ownContact(secure, false), "<sip:10.0.0.1:6060;transport=tls>");
});

const TARGETS = [
  ["sip:a@10.0.0.1", { transport: "udp", host: "10.0.0.1", port: 5060, anyTransport: true }],
  ["sip:a@10.0.0.1;transport=udp", { transport: "udp", host: "10.0.0.1", port: 5060 }],
  ["sip:a@acme.test", { transport: "udp", host: "acme.test", port: 5060, anyPort: true, anyTransport: true }],
  ["sip:a@acme.test;transport=tcp", { transport: "tcp", host: "acme.test", port: 5060, anyPort: true }],
  ["sip:a@10.0.0.1:5070;transport=TCP", { transport: "tcp", host: "10.0.0.1", port: 5070 }],
  ["sips:a@10.0.0.1", { transport: "tls", host: "10.0.0.1", port: 5061, anyTransport: true }],
  ["sips:a@10.0.0.1:5070;transport=tcp", { transport: "tls", host: "10.0.0.1", port: 5070 }],
  ["sips:a@10.0.0.1;transport=udp", undefined],
  ["sip:[::1]:5062;transport=tls", { transport: "tls", host: "::1", port: 5062 }],
  ["sip:a@10.0.0.1;transport=sctp", undefined],
  ["tel:+4412", undefined],
  ["nonsense", undefined],
] as const;
for (const [uri, target] of TARGETS) {
  test(`${uri} is sent to ${target === undefined ? "nowhere" : `${target.transport} ${target.host} ${target.port}`}`, () => {
    assert.deepEqual(targetOfUri(uri), target);
  });
}

test("an outbound proxy may be an address alone", () => {
  const target = { transport: "udp", host: "10.0.0.1", port: 5070, anyTransport: true };
  assert.deepEqual(targetOfNextHop("10.0.0.1:5070"), target);
});

test("start lines of applications: known methods and real statuses only", () => {
  assert.deepEqual(parseStartLine("SIP/2.0 180 Ringing"), { kind: "response", status: 180, reason: "Ringing" });
  assert.deepEqual(parseStartLine("BYE sip:a SIP/2.0"), { kind: "request", method: "BYE", uri: "sip:a" });
  for (const line of [
    "",
    "SIP/2.0 99 x",
    "SIP/2.0 700 x",
    "BYEX sip:a SIP/2.0",
    "bye sip:a SIP/2.0",
    "BYE sip:a b SIP/2.0",
  ]) {
    assert.equal(parseStartLine(line), undefined, line);
  }
});
