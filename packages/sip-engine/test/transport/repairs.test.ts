import assert from "node:assert/strict";
import { test } from "node:test";
import { createRequest, createResponse } from "@mss/sip-message";
import { repaired } from "../../src/transport/repairs.ts";

function toOf(to: string): string | undefined {
  const request = createRequest({ method: "BYE", uri: "sip:a@b", headers: [{ name: "To", value: to }] });
  assert.equal(repaired(request), request, "requests stay as they are");
  return repaired(createResponse(request, 200)).headers.get("To");
}

test("of several tags in the To of a response the first one stays", () => {
  const cases = [
    ["<sip:a@b>;tag=1", "<sip:a@b>;tag=1"],
    ["<sip:a@b>;tag=1;tag=1", "<sip:a@b>;tag=1"],
    ["<sip:a@b>;tag=1;tag=2", "<sip:a@b>;tag=1"],
    ["<sip:a@b>;tag=1 ;tag=2", "<sip:a@b>;tag=1"], // seed 3010 of the fuzzer: a fold before the second one
    ["<sip:a@b>;x=y;tag=1;z;tag=2;tag=3;w", "<sip:a@b>;x=y;tag=1;z;w"],
    ["sip:a@b;tag=1;tag=2", "sip:a@b;tag=1"],
    ['"a;tag=0;tag=9" <sip:a@b>;tag=1', '"a;tag=0;tag=9" <sip:a@b>;tag=1'],
    ["<sip:a@b;tag=0>;tag=1", "<sip:a@b;tag=0>;tag=1"],
  ] as const;
  for (const [given, kept] of cases) {
    assert.equal(toOf(given), kept);
  }
});

test("a Refer-To with headers and without brackets gets them when there is one way to put them", () => {
  const cases = [
    ["sip:a@b?Replaces=x%3Bto-tag%3D1", "<sip:a@b?Replaces=x%3Bto-tag%3D1>"],
    ["<sip:a@b?Replaces=x>;p=1", "<sip:a@b?Replaces=x>;p=1"],
    ["sip:a@b", "sip:a@b"],
    ["sip:a@b?Replaces=x;to-tag=1", "sip:a@b?Replaces=x;to-tag=1"],
    ["sip:a@b?x=1,sip:c@d", "sip:a@b?x=1,sip:c@d"],
    ["Bob sip:a@b?x=1", "Bob sip:a@b?x=1"],
  ] as const;
  for (const [given, kept] of cases) {
    const headers = [{ name: "Refer-To", value: given }];
    assert.equal(repaired(createRequest({ method: "REFER", uri: "sip:a@b", headers })).headers.get("Refer-To"), kept);
    const other = createRequest({ method: "INVITE", uri: "sip:a@b", headers });
    assert.equal(repaired(other), other);
  }
});
