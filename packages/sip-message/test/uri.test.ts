import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUser, formatSipUri, parseSipUri, parseTelUri, sipUrisEqual, uriScheme } from "@mss/sip-message";

test("SIP URIs in their parts, and back", () => {
  const uri = parseSipUri("sips:alice:pass@[2001:db8::1]:5061;transport=TCP;lr?Subject=x&y=z");
  assert.deepEqual(uri, {
    scheme: "sips",
    user: "alice",
    password: "pass",
    host: "2001:db8::1",
    port: 5061,
    parameters: new Map([
      ["transport", "TCP"],
      ["lr", ""],
    ]),
    headers: "Subject=x&y=z",
  });
  const texts = [
    "sip:a@b",
    "sip:b",
    "sip:b:5060",
    "sip:[::1]",
    "sip:[::ffff:10.0.0.1]:5060;lr",
    "sip:user;par=u%40example.net@example.com",
    "sip:+1-212-555-1212:1234@gateway.com;user=phone",
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
    "sip:sips%3Auser%40example.com@example.net",
    "sip:a@b?x=y",
    "sips:1000@10.0.0.1;maddr=[::1]",
  ];
  for (const text of texts) {
    const parts = parseSipUri(text);
    assert.ok(parts !== undefined, text);
    assert.equal(formatSipUri(parts), text);
  }
});

test("what is no SIP URI", () => {
  const texts = [
    "",
    "sip:",
    "sip",
    "1000",
    "tel:1000",
    "http://b",
    "sip:@b",
    "sip::x@b",
    "sip:a@",
    "sip:a@b@c",
    "sip:a b@c",
    "sip:a@b:",
    "sip:a@b:0",
    "sip:a@b:65536",
    "sip:a@b:x",
    "sip:a@b:123456",
    "sip:a@[::1",
    "sip:a@[1]",
    "sip:a@[::x]",
    "sip:a@[::1]x",
    "sip:a@b;",
    "sip:a@b;;lr",
    "sip:a@b;=x",
    "sip:a@b;lr;LR=1",
    "sip:a@b;transport=tls;%74ransport=tcp",
    "sip:a@b;transport=tls;transport=TLS",
    "sip:a%@b",
    "sip:a%4@b",
    "sip:a%zz@b",
    "<sip:a@b>",
    'sip:"a"@b',
    "sip:a@b\r\n",
    "sip:a\0@b",
    "sip:a@b/c",
    "sip:a@b,c",
    " sip:a@b",
  ];
  for (const text of texts) {
    assert.equal(parseSipUri(text), undefined, JSON.stringify(text));
  }
});

test("names of parameters are found whatever their case and escapes (RFC 4475 §3.1.1.3)", () => {
  const uri = parseSipUri("SIP:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31;MADDR=x");
  assert.deepEqual([...(uri?.parameters.keys() ?? [])], ["lr", "name", "maddr"]);
  assert.equal(uri?.parameters.get("name"), "v%61lue%25%34%31");
});

test("decodeUser undoes escapes once", () => {
  assert.equal(decodeUser("sips%3Auser%40example.com"), "sips:user@example.com");
  assert.equal(decodeUser("%2541%00"), "%41\0");
  assert.equal(decodeUser("50%"), "50%");
});

// RFC 3261 §19.1.1 forbids it; it has one meaning all the same.
test("a parameter that stands twice with the same value", () => {
  for (const text of ["sip:a@b;transport=tls;transport=tls", "sip:a@b;transport=tls;lr;Transport=tls;%6Cr"]) {
    assert.equal(parseSipUri(text)?.parameters.get("transport"), "tls", text);
    assert.equal(sipUrisEqual(text, "sip:a@b;transport=tls;lr"), true, text);
  }
});

// RFC 3261 §19.1.4
test("URIs that are equal", () => {
  const pairs = [
    ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com;security=on"],
    [
      "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
      "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ],
    [
      "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
      "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ],
    ["sip:a@[2001:DB8::1]", "sip:a@[2001:db8::1]"],
    ["sip:a@b;%74ransport=tcp", "sip:a@b;transport=tcp"],
    ["sip:a%3bb@c", "sip:a%3Bb@c"],
    ["tel:1", "tel:1"],
  ] as const;
  for (const [first, second] of pairs) {
    assert.equal(sipUrisEqual(first, second), true, `${first} ${second}`);
    assert.equal(sipUrisEqual(second, first), true, `${second} ${first}`);
    assert.equal(sipUrisEqual(parseSipUri(first) ?? first, second), true);
  }
});

test("URIs that are not equal", () => {
  const pairs = [
    ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
    ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
    ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
    ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
    ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ["sip:a@b", "sips:a@b"],
    ["sip:a@b", "sip:a:secret@b"],
    ["sip:a@b", "sip:b"],
    ["sip:a%40@b", "sip:a@b"],
    ["sip:null-%00-null@b", "sip:null-%00%00-null@b"],
    ["sip:a@b;user=phone", "sip:a@b"],
    ["sip:a@b;ttl=1", "sip:a@b"],
    ["sip:a@b;method=INVITE", "sip:a@b"],
    ["sip:a@b;maddr=c", "sip:a@b"],
    ["tel:1", "sip:1@b"],
  ] as const;
  for (const [first, second] of pairs) {
    assert.equal(sipUrisEqual(first, second), false, `${first} ${second}`);
    assert.equal(sipUrisEqual(second, first), false, `${second} ${first}`);
  }
});

test("schemes and telephone numbers", () => {
  assert.deepEqual(
    ["sip:a", "SIPS:a", "tel:1", "soap.beep://x", "1000", "", ":", "1a:b", "a b:c", `${"a".repeat(33)}:`].map(
      uriScheme,
    ),
    ["sip", "sips", "tel", "soap.beep", undefined, undefined, undefined, undefined, undefined, undefined],
  );
  assert.deepEqual(parseTelUri("tel:+1-201-(555).0123;ext=7"), {
    number: "+12015550123",
    parameters: new Map([["ext", "7"]]),
  });
  assert.equal(parseTelUri("TEL:*21#")?.number, "*21#");
  for (const text of [
    "tel:",
    "tel:-",
    "tel:+",
    "tel:1+2",
    "tel:12x",
    "tel:1;",
    "tel:1;a=1;A=2",
    "sip:1@b",
    "tel:1 2",
  ]) {
    assert.equal(parseTelUri(text), undefined, text);
  }
});
