import assert from "node:assert/strict";
import { test } from "node:test";
import {
  branchOf,
  formatNameAddress,
  formatVia,
  parseCSeq,
  parseNameAddress,
  parseNameAddressList,
  parseVia,
  reasonPhrase,
  splitList,
  tagOf,
  toBytes,
  toText,
  topVia,
} from "@mss/sip-message";
import { parsed, wire } from "./messages.ts";

test("lists are split at commas outside quotes and brackets", () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    [" ", []],
    ["a", ["a"]],
    ["a , b", ["a", "b"]],
    ["a,,b,", ["a", "", "b", ""]],
    ['"x, y" <sip:a>, <sip:b,c>', ['"x, y" <sip:a>', "<sip:b,c>"]],
    ['"a\\", b", c', ['"a\\", b"', "c"]],
    ['"never, closed', ['"never, closed']],
    ["<never, closed", ["<never, closed"]],
  ];
  for (const [value, entries] of rows) {
    assert.deepEqual(splitList(value), entries, value);
  }
});

test("name-addr and addr-spec", () => {
  const rows: readonly (readonly [string, string | undefined, string, Record<string, string>])[] = [
    ["<sip:a@b>", undefined, "sip:a@b", {}],
    ["sip:a@b;tag=1", undefined, "sip:a@b", { tag: "1" }],
    ["<sip:a@b;user=phone>;tag=1", undefined, "sip:a@b;user=phone", { tag: "1" }],
    ['"Bell, \\"A\\"" <sip:a@b>;TAG=1;lr', 'Bell, "A"', "sip:a@b", { tag: "1", lr: "" }],
    ["A. Bell <sip:a@b>", "A. Bell", "sip:a@b", {}],
    ["caller<sip:a@b> ; tag = 323", "caller", "sip:a@b", { tag: "323" }],
    ['"" <sip:a@b>;x="y;z"', "", "sip:a@b", { x: '"y;z"' }],
    ["<http://www.example.com>;tag=3", undefined, "http://www.example.com", { tag: "3" }],
  ];
  for (const [value, displayName, uri, parameters] of rows) {
    const address = parseNameAddress(value);
    assert.deepEqual([address?.displayName, address?.uri], [displayName, uri], value);
    assert.deepEqual(Object.fromEntries(address?.parameters ?? []), parameters, value);
    assert.ok(address !== undefined);
    assert.deepEqual(parseNameAddress(formatNameAddress(address)), address, value);
    assert.equal(tagOf(value), parameters["tag"], value);
  }
});

test("what is no name-addr", () => {
  const values = [
    [
      "",
      " ",
      "*",
      "a",
      "<>",
      "<a>",
      "<sip:a",
      "sip:a>",
      '"x <sip:a@b>',
      '"x"',
      '"x" sip:a@b',
      "< sip:a@b >",
      "<sip:a b>",
    ],
    [
      "<sip:a@b> x",
      "<sip:a@b>>",
      "<sip:a@b>;",
      "<sip:a@b>;;x",
      "<sip:a@b>;x=1;x=2",
      "<sip:a@b>;=",
      "<<sip:a@b>>",
      'x "y" <sip:a>',
    ],
    ["sip:a@b?x=y", "sip:a,b@c", "Bell, Alexander <sip:a@b>", '<sip:a@b>;x="y', "<sip:a@b>, <sip:c@d>", "\0<sip"],
  ].flat();
  for (const value of values) {
    assert.equal(parseNameAddress(value), undefined, JSON.stringify(value));
  }
  assert.equal(parseNameAddressList("<sip:a@b>, sip:c@d;x")?.length, 2);
  assert.equal(parseNameAddressList("<sip:a@b>, c"), undefined);
  assert.equal(parseNameAddressList(""), undefined);
});

test("Via", () => {
  const via = parseVia("sip / 2.0 / tcp [2001:db8::1] : 5061 ; branch = z9hG4bK1 ; rport, SIP/2.0/UDP other");
  assert.ok(via !== undefined);
  assert.deepEqual([via.transport, via.host, via.port, branchOf(via)], ["TCP", "2001:db8::1", 5061, "z9hG4bK1"]);
  assert.equal(formatVia(via), "SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bK1;rport");
  assert.deepEqual(parseVia(formatVia(via)), via);
  assert.equal(topVia(parsed(wire()))?.host, "127.11.0.1");
  assert.equal(topVia(parsed(wire({ without: ["Via"] }))), undefined);
  const values = [
    "",
    "x",
    "SIP/2.0/UDP",
    "SIP/2.0/ h",
    "SIP/7.0/UDP h",
    "SIP/2.0/UDP h:0",
    "SIP/2.0/UDP h x",
    "SIP/2.0/UDP h;;",
  ].concat([
    "SIP\u00a0/2.0/UDP h",
    "SIP/2.0/UDP h;branch=1;branch=2",
    "SIP/2.0/UDPh",
    "SIP/2.0/UDP [::1",
    'SIP/2.0/UDP h;x="',
  ]);
  for (const value of values) {
    assert.equal(parseVia(value), undefined, value);
  }
});

test("CSeq", () => {
  assert.deepEqual(parseCSeq("0009 INVITE"), { sequence: 9, method: "INVITE" });
  assert.deepEqual(parseCSeq("2147483647 X"), { sequence: 2 ** 31 - 1, method: "X" });
  for (const value of [
    "",
    "1",
    "1 ",
    " 1 X",
    "2147483648 X",
    "-1 X",
    "1.0 X",
    "1 X Y",
    "x X",
    "1 X<",
    "12345678901 X",
  ]) {
    assert.equal(parseCSeq(value), undefined, value);
  }
});

test("reason phrases and byte text", () => {
  assert.deepEqual([200, 486, 299, 777].map(reasonPhrase), ["OK", "Busy Here", "Success", "Unknown"]);
  assert.equal(toBytes("é").length, 2);
  assert.equal(toText(toBytes("Zürich 香港")), "Zürich 香港");
  assert.equal(toText("\u00ff"), "\ufffd");
});
