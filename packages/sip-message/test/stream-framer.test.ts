import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_LIMITS, type FramedItem, createStreamFramer, parseMessage, serializeMessage } from "@mss/sip-message";
import { parsed, wire } from "./messages.ts";

const FIRST = serializeMessage(parsed(wire({ body: "v=0\r\n\r\no=-\r\n" })));
const SECOND = wire({ extra: ["L  :\r\n 5"], body: "hello" });
const THIRD = wire({ startLine: "SIP/2.0 200 OK", extra: ["content-length: 000"] });
const STREAM = `${FIRST}\r\n\r\n${SECOND}${THIRD}\r\n`;

function framed(...pieces: readonly string[]): readonly FramedItem[] {
  const framer = createStreamFramer();
  return pieces.flatMap((piece) => framer.push(piece));
}

function pongs(text: string): readonly boolean[] {
  return framed(text).flatMap((item) => (item.kind === "keepalive" ? [item.pong] : []));
}

function announce(length: number): string {
  return wire({ extra: [`Content-Length: ${length}`] });
}

function lastOf(items: readonly FramedItem[]): FramedItem {
  return items.at(-1) ?? assert.fail("nothing came out");
}

function statusOf(items: readonly FramedItem[]): number | undefined {
  const last = lastOf(items);
  return last.kind === "broken" ? last.fault.status : undefined;
}

test("several messages in one segment come out as they went in, with the keepalives between them", () => {
  assert.deepEqual(framed(STREAM), [
    { kind: "message", text: FIRST },
    { kind: "keepalive", pong: false },
    { kind: "keepalive", pong: true },
    { kind: "message", text: SECOND },
    { kind: "message", text: THIRD },
    { kind: "keepalive", pong: false },
  ]);
});

test("every cut of the stream in two, and byte by byte, gives the same", () => {
  const whole = framed(STREAM);
  for (let cut = 1; cut < STREAM.length; cut += 1) {
    assert.deepEqual(framed(STREAM.slice(0, cut), STREAM.slice(cut)), whole, `cut at ${cut}`);
  }
  assert.deepEqual(framed(...STREAM.split("")), whole);
});

test("what a framer cuts out is what the parser reads", () => {
  for (const item of framed(STREAM)) {
    if (item.kind === "message") {
      const outcome = parseMessage(item.text);
      assert.ok(outcome.kind === "message" && item.text.endsWith(outcome.message.body));
    }
  }
});

test("pings are owed a pong, single line breaks are not, and a message starts the count again", () => {
  assert.deepEqual(pongs("\r\n"), [false]);
  assert.deepEqual(pongs("\r\n\r\n"), [false, true]);
  assert.deepEqual(pongs("\r\n\r\n\r\n\r\n"), [false, true, false, true]);
  assert.deepEqual(pongs(`\r\n${FIRST}\r\n`), [false, false]);
});

// SEC-10
test("a stream whose borders are not certain is broken, answered when it can be, and silent afterwards", () => {
  const values = ["4294967328", "-1", "+5", "0x10", "5 5", "5,5", "", "5;x", "99999999", "\u0665", '"5"', "5\0"];
  for (const value of values) {
    const items = framed(wire({ extra: [`Content-Length: ${value}`], body: "hello" }), FIRST);
    assert.equal(items.length, 1, value);
    const last = lastOf(items);
    assert.ok(last.kind === "broken" && last.fault.status === 400, value);
    assert.ok(last.fault.answerable !== undefined, value);
  }
  for (const second of ["Content-Length: 5", "l: 5", "l : 13", "CONTENT-LENGTH:\r\n 5"]) {
    assert.equal(statusOf(framed(wire({ extra: ["Content-Length: 5", second], body: "hello" }))), 400, second);
  }
  assert.equal(statusOf(framed(wire())), 400, "no Content-Length");
});

test("stray line breaks and what cannot begin a message break the stream", () => {
  for (const text of [
    "\n",
    "\rX",
    "\r\r",
    " OPTIONS",
    "\0",
    "<xml>",
    "\u0016\u0003\u0001",
    "OPTIONS x\n",
    "OPTIONS x\rX: y",
  ]) {
    assert.equal(statusOf(framed(text)), 400, JSON.stringify(text));
    assert.equal(statusOf(framed(...text.split(""))), 400, JSON.stringify(text));
  }
});

// SEC-11
test("sizes are refused when announced, before anything is kept for them", () => {
  assert.equal(statusOf(framed(announce(DEFAULT_LIMITS.bodyBytes + 1))), 413);
  assert.equal(statusOf(framed(announce(DEFAULT_LIMITS.bodyBytes))), 513);
  const framer = createStreamFramer();
  const head = announce(60_000);
  assert.deepEqual(framer.push(head), []);
  assert.equal(framer.pendingBytes, head.length);
});

test("a head without end is broken at the limit of a message", () => {
  const framer = createStreamFramer();
  const items = framer.push(`OPTIONS sip:a@b SIP/2.0\r\nX: ${"y".repeat(2 * DEFAULT_LIMITS.streamBytes)}`);
  assert.equal(statusOf(items), 513);
  assert.equal(framer.pendingBytes, 0);
  assert.deepEqual(framer.push(FIRST), []);
});

test("pendingBytes counts what is kept and nothing else", () => {
  const framer = createStreamFramer();
  let given = 0;
  for (const byte of FIRST) {
    const items = framer.push(byte);
    given += 1;
    assert.equal(framer.pendingBytes, items.length === 0 ? given : 0);
  }
  framer.push("\r");
  assert.equal(framer.pendingBytes, 1);
  framer.push("\n");
  assert.equal(framer.pendingBytes, 0);
});
