import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type HeaderField,
  SIP_MESSAGE_ERRORS,
  SipMessageError,
  createHeaderList,
  createRequest,
  createResponse,
  serializeMessage,
} from "@mss/sip-message";
import { fieldsOf, parsed, parsedRequest, wire } from "./messages.ts";

function fieldsFrom(text: string): readonly HeaderField[] {
  return text
    .split(" ")
    .map((pair) => ({ name: pair.slice(0, pair.indexOf("=")), value: pair.slice(pair.indexOf("=") + 1) }));
}

function written(changed: Iterable<HeaderField>): string {
  return [...changed].map(({ name, value }) => `${name}=${value}`).join(" ");
}

test("Content-Length is that of the body, whatever the list says", () => {
  const request = createRequest({
    method: "MESSAGE",
    uri: "sip:a@b",
    headers: fieldsFrom("l=9 Via=v"),
    body: "\u00e9\0\r\n",
  });
  assert.equal(serializeMessage(request), "MESSAGE sip:a@b SIP/2.0\r\nVia: v\r\nContent-Length: 4\r\n\r\n\u00e9\0\r\n");
  const response = createResponse(parsedRequest(wire()), 200, { reason: "" });
  assert.match(serializeMessage(response), /^SIP\/2\.0 200 \r\nVia: .*\r\nContent-Length: 0\r\n\r\n$/s);
});

// SEC-09
test("CR, LF, NUL and what is no byte are refused everywhere but in the body", () => {
  for (const evil of ["a\rb", "a\nb", "a\r\nX: y", "a\0b", "a\u010db", "a\u2028b"]) {
    const request = createRequest({ method: "INFO", uri: "sip:a@b", headers: [] });
    const unsafe = [
      { ...request, method: evil },
      { ...request, uri: `sip:${evil}` },
      { ...request, headers: createHeaderList([{ name: "X", value: evil }]) },
      { ...request, headers: createHeaderList([{ name: evil, value: "x" }]) },
      { ...request, headers: request.headers.append("X", evil) },
      { ...request, headers: request.headers.with("X", "good", evil) },
      { ...request, headers: request.headers.prepend(evil, "x") },
      createResponse(parsedRequest(wire()), 200, { reason: evil }),
      createResponse(parsedRequest(wire()), 200, { toTag: evil }),
    ];
    for (const message of unsafe) {
      assert.throws(
        () => serializeMessage(message),
        { name: "SipMessageError", code: "UNSAFE_HEADER" },
        JSON.stringify(evil),
      );
    }
  }
  const body = createRequest({ method: "INFO", uri: "sip:a@b", headers: [], body: "香" });
  assert.throws(() => serializeMessage(body), { code: "UNSAFE_BODY" });
});

test("start lines that would read as others, and names that are no tokens, are refused", () => {
  const request = createRequest({ method: "INFO", uri: "sip:a@b", headers: [] });
  const unsafe = [
    { ...request, method: "" },
    { ...request, method: "IN FO" },
    { ...request, uri: "" },
    { ...request, uri: "sip:a@b SIP/2.0" },
    { ...request, headers: createHeaderList([{ name: "X Y", value: "" }]) },
    { ...request, headers: createHeaderList([{ name: "", value: "" }]) },
    ...[99, 700, 200.5, Number.NaN].map((status) => createResponse(request, status)),
  ];
  for (const message of unsafe) {
    assert.throws(() => serializeMessage(message), { code: "UNSAFE_HEADER" });
  }
});

test("a list that was unsafe is safe again without the field", () => {
  const headers = createHeaderList([{ name: "X", value: "a\r\nb" }])
    .without("x")
    .append("Y", "z");
  assert.match(
    serializeMessage(createRequest({ method: "INFO", uri: "sip:b", headers: [...headers] })),
    /\r\nY: z\r\n/,
  );
  assert.match(serializeMessage({ kind: "request", method: "INFO", uri: "sip:b", headers, body: "" }), /\r\nY: z\r\n/);
});

test("lists change by copy, in order and by any name of the header", () => {
  const list = createHeaderList(fieldsFrom("Via=1 X=a v=2 Y=b VIA=3"));
  assert.equal(written(list.with("via", "4", "5")), "via=4 via=5 X=a Y=b");
  assert.equal(written(list.with("y", "c")), "Via=1 X=a v=2 y=c VIA=3");
  assert.equal(written(list.with("Z", "c", "d")), "Via=1 X=a v=2 Y=b VIA=3 Z=c Z=d");
  assert.equal(written(list.with("via")), "X=a Y=b");
  assert.equal(written(list.prepend("Y", "c")), "Via=1 X=a v=2 Y=c Y=b VIA=3");
  assert.equal(written(list.prepend("Z", "c")), "Z=c Via=1 X=a v=2 Y=b VIA=3");
  assert.equal(written(list.append("v", "4")), "Via=1 X=a v=2 Y=b VIA=3 v=4");
  assert.equal(written(list.without("v")), "X=a Y=b");
  assert.equal(written(list.without("none")), written(list));
  assert.equal(written(list.withoutFirst("v")), "X=a v=2 Y=b VIA=3");
  assert.deepEqual([list.get("VIA"), list.all("v"), list.has("z")], ["1", ["1", "2", "3"], false]);
  assert.equal(written(list), "Via=1 X=a v=2 Y=b VIA=3");
});

test("responses copy what RFC 3261 §8.2.6 and §12.1.1 say", () => {
  const extra = ["Record-Route: <sip:r;lr>", "Timestamp: 54", "Contact: <sip:a@b>", "v: SIP/2.0/UDP second"];
  const invite = parsedRequest(wire({ startLine: "INVITE sip:a@b SIP/2.0", fields: ["CSeq: 1 INVITE"], extra }));
  const names = (status: number): string =>
    fieldsOf(createResponse(invite, status))
      .map(({ name }) => name)
      .join(" ");
  assert.equal(names(100), "Via Via From To Call-ID CSeq Timestamp");
  assert.equal(names(180), "Via Via Record-Route From To Call-ID CSeq");
  assert.equal(names(200), "Via Via Record-Route From To Call-ID CSeq");
  assert.equal(names(486), "Via Via From To Call-ID CSeq");
  const tagged = createResponse(invite, 180, { toTag: "t", headers: [{ name: "Contact", value: "<sip:c>" }] });
  assert.equal(tagged.headers.get("to"), "<sip:4000@london.example.com>;tag=t");
  assert.equal(tagged.headers.get("contact"), "<sip:c>");
  assert.equal(tagged.reason, "Ringing");
  const again = createResponse({ ...invite, headers: tagged.headers }, 200, { toTag: "other" });
  assert.equal(again.headers.get("to"), "<sip:4000@london.example.com>;tag=t");
});

test("what was read is written without a change", () => {
  const text = wire({ extra: ["x-Odd :  a  b", "Content-Length: 5"], body: "hello" });
  assert.equal(serializeMessage(parsed(text)), text.replace("x-Odd :  a  b", "x-Odd: a b"));
});

test("each error has its message", () => {
  assert.equal(new SipMessageError("UNSAFE_BODY").message, SIP_MESSAGE_ERRORS.UNSAFE_BODY);
});

test("messages in turns are written each as itself", () => {
  const [one, other] = [parsedRequest(wire({ body: "1" })), parsedRequest(wire({ body: "2" }))];
  const texts = [one, one, other, { ...one, body: "3" }, one].map((message) => serializeMessage(message));
  assert.deepEqual(
    texts.map((text) => text.slice(-1)),
    ["1", "1", "2", "3", "1"],
  );
  assert.throws(() => serializeMessage({ ...one, method: "A B" }), { code: "UNSAFE_HEADER" });
  assert.equal(serializeMessage(one), texts[0]);
});
