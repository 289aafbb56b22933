import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalizeMessage } from "@mss/sip-message";
import { fieldsOf, parsed, wire } from "./messages.ts";

function namesOf(...extra: readonly string[]): readonly string[] {
  const fields = fieldsOf(canonicalizeMessage(parsed(wire({ extra }))));
  return fields.slice(6).map(({ name, value }) => `${name}: ${value}`);
}

test("a message of usual names is the same object afterwards", () => {
  const message = parsed(wire({ extra: ["Subject: x", "cOnTeNt-TyPe: text/plain"] }));
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
