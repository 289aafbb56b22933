import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FrameReader, encodeFrame } from "../../src/wire/frame-codec.ts";

function readAll(chunks: readonly Buffer[], limit = 1_000): { frames: string[]; fault: string | undefined } {
  const reader = new FrameReader(limit);
  const frames: string[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    fault ??= reader.push(chunk.toString("latin1"), (frame) => frames.push(frame));
  }
  return { frames, fault };
}

test("frames come out as they went in, however the bytes are split", () => {
  const frame = fc
    .string({ unit: "binary", minLength: 1, maxLength: 60 })
    .map((text) => Buffer.from(text).toString("latin1"));
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 10 }), (sent, cuts) => {
      const bytes = Buffer.from(sent.map(encodeFrame).join(""), "latin1");
      const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
      assert.deepEqual(readAll(chunks), { frames: sent, fault: undefined });
    }),
  );
});

test("a length is bytes, not characters", () => {
  assert.equal(encodeFrame(Buffer.from("é€", "utf8").toString("latin1")), `5#${Buffer.from("é€").toString("latin1")}`);
});

for (const malformed of ["x#abc", "#abc", "-1#a", "1 #a", "0#", "1x", "12345678", "+3#abc", "\r\n3#abc"]) {
  test(`${JSON.stringify(malformed)} is a malformed length`, () => {
    assert.deepEqual(readAll([Buffer.from(malformed)]), { frames: [], fault: "malformed length" });
  });
}

test("SEC-39: a frame beyond the limit is refused before its bytes come", () => {
  assert.deepEqual(readAll([Buffer.from("1001#")]), { frames: [], fault: "frame too long" });
});

test("frames before a fault are delivered, nothing after it", () => {
  assert.deepEqual(readAll([Buffer.from("2#ab"), Buffer.from("zz"), Buffer.from("2#cd")]), {
    frames: ["ab"],
    fault: "malformed length",
  });
});

test("SEC-39: any bytes give frames or a fault, never an exception", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readAll([Buffer.from(bytes)]);
    }),
  );
});
