import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  createRequest,
  createResponse,
  createStreamFramer,
  parseDatagram,
  parseDigestChallenge,
  parseDigestCredentials,
  parseMessage,
  parseNameAddress,
  parseSipUri,
  parseTelUri,
  parseVia,
  serializeMessage,
  sipUrisEqual,
  tagOf,
  validateMessage,
} from "@mss/sip-message";
import { fieldsOf, wire } from "./messages.ts";
import { TORTURE_MESSAGES } from "@mss/sip-message/testing";

const SEEDS: readonly string[] = [
  ...TORTURE_MESSAGES.map(({ text }) => text),
  wire(),
  wire({ extra: ['Authorization: Digest username="a", realm="b"', "Content-Length: 5"], body: "hello" }),
];

const byteText = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const splinter = fc.constantFrom(
  "\r\n",
  "\r",
  "\n",
  " ",
  "\t",
  "  ",
  "\0",
  '"',
  "\\",
  "<",
  ">",
  ",",
  ";",
  ":",
  "@",
  "%",
  "%00",
);

/** A real message with some cuts, repeats and insertions. */
const mutant = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(4000), fc.nat(40), fc.oneof(splinter, byteText), fc.nat(3)), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(([seed, edits]) =>
    edits.reduce((text, [at, removed, inserted, repeats]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + inserted.repeat(repeats) + text.slice(start + removed);
    }, seed),
  );

/** Reads as the engine does, and asks the readers of single values. Throws only for a defect. */
function readAll(text: string): void {
  const outcome = parseDatagram(text);
  const request = outcome.kind === "message" ? outcome.message : outcome.fault.answerable;
  if (request === undefined) {
    return;
  }
  const fault = outcome.kind === "message" ? validateMessage(outcome.message) : outcome.fault;
  for (const { value } of request.headers) {
    parseNameAddress(value);
    parseVia(value);
    tagOf(value);
    parseDigestChallenge(value);
    parseDigestCredentials(value);
    parseTelUri(value);
    const uri = parseSipUri(value);
    assert.ok(uri === undefined || sipUrisEqual(uri, uri));
  }
  if (fault?.answerable !== undefined) {
    serializeMessage(createResponse(fault.answerable, fault.status, { reason: fault.reason, toTag: "t" }));
  } else if (fault === undefined) {
    assertFixedPoint(text);
  }
}

function assertFixedPoint(text: string): void {
  const outcome = parseMessage(text);
  assert.ok(outcome.kind === "message");
  const once = serializeMessage(outcome.message);
  const again = parseMessage(once);
  assert.ok(again.kind === "message", once);
  assert.equal(serializeMessage(again.message), once);
}

test("nothing throws on any bytes", () => {
  fc.assert(fc.property(byteText, readAll), { numRuns: 2000 });
});

test("nothing throws on changed real messages; answers to faults can be written; a good one is a fixed point", () => {
  fc.assert(fc.property(mutant, readAll), { numRuns: 5000 });
});

test("a framer gives the same for every cut of changed real messages", () => {
  const stream = fc.tuple(mutant, mutant).map(([first, second]) => first + second);
  const property = fc.property(stream, fc.array(fc.nat(8000), { maxLength: 8 }), (text, cuts) => {
    const framer = createStreamFramer();
    const borders = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
    const pieces = borders.slice(1).map((end, index) => text.slice(borders[index], end));
    const kinds = (items: ReturnType<typeof framer.push>): unknown[] =>
      items.map((item) => (item.kind === "broken" ? [item.kind, item.fault.status, item.fault.reason] : item));
    const whole = createStreamFramer().push(text);
    assert.deepEqual(kinds(pieces.flatMap((piece) => framer.push(piece))), kinds(whole));
  });
  fc.assert(property, { numRuns: 2000 });
});

const token = fc.stringMatching(/^[A-Za-z0-9.!*_+'~-]{1,20}$/);
const value = fc
  .array(fc.stringMatching(/^[!#-;=?-~\u0080-\u00ff]{1,20}$/), { maxLength: 5 })
  .map((words) => words.join(" "));
const generated = fc.record({
  method: token,
  uri: fc.stringMatching(/^sip:[a-z0-9]{1,10}@[a-z]{1,10}$/),
  headers: fc.array(
    fc.record({ name: token.filter((name) => !["l", "content-length"].includes(name.toLowerCase())), value }),
    { maxLength: 20 },
  ),
  body: byteText,
});

test("what is written is read back as it was", () => {
  const property = fc.property(generated, (parts) => {
    const request = createRequest(parts);
    const outcome = parseMessage(serializeMessage(request));
    assert.ok(outcome.kind === "message" && outcome.message.kind === "request");
    const { method, uri, body, headers } = outcome.message;
    assert.deepEqual([method, uri, body], [parts.method, parts.uri, parts.body]);
    assert.equal(headers.get("Content-Length"), String(parts.body.length));
    assert.deepEqual(fieldsOf({ ...outcome.message, headers: headers.without("Content-Length") }), fieldsOf(request));
  });
  fc.assert(property, { numRuns: 1000 });
});
