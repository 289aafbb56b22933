import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalizeMessage, validateMessage } from "@mss/sip-message";
import { fieldsOf, parsed, wire } from "./messages.ts";

function namesOf(...extra: readonly string[]): readonly string[] {
  const fields = fieldsOf(canonicalizeMessage(parsed(wire({ extra }))));
  return fields.slice(6).map(({ name, value }) => `${name}: ${value}`);
}

test("a message of usual names is the same object afterwards, validated or not", () => {
  const message = parsed(wire({ extra: ["Subject: x", "cOnTeNt-TyPe: text/plain", "Contact: <sip:a@b>"] }));
  assert.equal(canonicalizeMessage(message), message);
  assert.equal(validateMessage(message), undefined);
  assert.equal(canonicalizeMessage(message), message);
});

// drachtio-srf knows ten compact forms, and takes `e` for a header that does not exist.
test("compact names are written out, all that there are", () => {
  const compact = "abcdefijklmnorstuvxy".split("");
  const long = ["Accept-Contact", "Referred-By", "Content-Type", "Request-Disposition", "Content-Encoding", "From"]
    .concat([
      "Call-ID",
      "Reject-Contact",
      "Supported",
      "Content-Length",
      "Contact",
      "Identity-Info",
      "Event",
      "Refer-To",
    ])
    .concat(["Subject", "To", "Allow-Events", "Via", "Session-Expires", "Identity"]);
  assert.deepEqual(
    namesOf(...compact.filter((name) => name !== "l").map((name) => `${name}: 1`)),
    long.filter((name) => name !== "Content-Length").map((name) => `${name}: 1`),
  );
  assert.deepEqual(namesOf("L: 0"), ["Content-Length: 0"]);
});

// SEC-08: drachtio-srf keeps the capitals of these, so that each spelling would be a header of its own.
test("fields of one name have the spelling of the first", () => {
  assert.deepEqual(
    namesOf("X-Bypass: 1", "x-bypass: 2", "P-Preferred-Identity: <sip:a>", "p-preferred-identity: <sip:b>"),
    ["X-Bypass: 1", "X-Bypass: 2", "P-Preferred-Identity: <sip:a>", "P-Preferred-Identity: <sip:b>"],
  );
  assert.deepEqual(namesOf("diversion: <sip:a>", "Diversion: <sip:b>"), ["diversion: <sip:a>", "diversion: <sip:b>"]);
});

// SEC-36
test("names that every JavaScript object has are left out", () => {
  assert.deepEqual(namesOf("__proto__: x", "constructor: y", "Constructor: z", "X-A: 1"), ["X-A: 1"]);
});

/** Values of a header of that name after canonicalisation. */
function valuesOf(name: string, ...values: readonly string[]): readonly string[] {
  const extra = values.map((value) => `${name}: ${value}`);
  const text = wire({ extra, without: [name] });
  const message = parsed(text);
  assert.equal(validateMessage(message), undefined, extra.join());
  const canonical = canonicalizeMessage(message);
  // What validation has seen saves a second look, and never changes what comes out.
  assert.deepEqual(fieldsOf(canonical), fieldsOf(canonicalizeMessage(parsed(text))));
  return canonical.headers.all(name);
}

test("display names that are no tokens are quoted", () => {
  const rows = [
    ["J. M\xc3\xbcller <sip:a@b>;tag=1", '"J. M\xc3\xbcller" <sip:a@b>;tag=1'],
    ["a\\b <sip:a@b>", '"a\\\\b" <sip:a@b>'],
    ["\xc2\xa0<sip:a@b>", '"\xc2\xa0" <sip:a@b>'],
    ["A. Bell <sip:a@b>;tag=1", "A. Bell <sip:a@b>;tag=1"],
    ["caller<sip:a@b>", "caller<sip:a@b>"],
    ["sip:a@b;tag=1", "sip:a@b;tag=1"],
  ] as const;
  for (const [value, canonical] of rows) {
    assert.deepEqual(valuesOf("From", value), [canonical]);
  }
});

test("addresses that may stand in a list are in brackets", () => {
  assert.deepEqual(valuesOf("Contact", "sip:a@b;expires=3 , <sip:c@d> ;q=1,sip:e@f"), [
    "<sip:a@b>;expires=3, <sip:c@d> ;q=1, <sip:e@f>",
  ]);
  assert.deepEqual(valuesOf("Contact", "sip:a@b", "sip:c@d"), ["<sip:a@b>", "<sip:c@d>"]);
  assert.deepEqual(valuesOf("Contact", "sip:a@b;expires=3"), ["sip:a@b;expires=3"]);
  assert.deepEqual(valuesOf("Contact", "*"), ["*"]);
});

test("Via: SIP in capitals, and nothing before branch that hides it", () => {
  assert.deepEqual(valuesOf("Via", "sip / 2.0/udp h : 5 ; branch=1, SIP/2.0/TCP i"), [
    "SIP/2.0/udp h : 5; branch=1, SIP/2.0/TCP i",
  ]);
  assert.deepEqual(valuesOf("Via", "SIP/2.0/UDP h;maddr=[::1];ttl=1;branch=b;x"), [
    "SIP/2.0/UDP h;branch=b;maddr=[::1];ttl=1;x",
  ]);
  const fine = "SIP/2.0/UDP h;received=10.0.0.1;branch=b;maddr=[::1]";
  assert.deepEqual(valuesOf("Via", fine), [fine]);
});

// SEC-19: drachtio-srf throws on these; without them the request is one without credentials.
test("credentials and challenges that cannot be read are left out", () => {
  const unreadable = [
    "",
    "Digest",
    "Digest ",
    "Digest x",
    "Digest a=b,",
    "Digest a=b, Basic",
    "Digest a=b c=d",
    'Digest a="b',
  ].concat(['"Digest" a=b', "Digest a=", "Digest =b", "a".repeat(1000), "application/sdp"]);
  for (const name of ["Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate"]) {
    for (const value of unreadable) {
      assert.deepEqual(valuesOf(name, value), [], `${name}: ${value}`);
    }
    const others = ["NoOneKnowsThisScheme opaque-data=here", 'Digest username="a, b",realm="\\"" , uri=sip:a@b'];
    assert.deepEqual(valuesOf(name, ...others), others);
  }
  assert.deepEqual(valuesOf("Authentication-Info", 'nextnonce="1", qop=auth', "x"), ['nextnonce="1", qop=auth']);
});
