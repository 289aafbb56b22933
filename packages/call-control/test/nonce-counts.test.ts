import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as check, integer, property, string, uniqueArray } from "fast-check";
import { NonceCounts } from "../src/auth/nonce-counts.ts";
import { parseAuthValues } from "../src/auth/auth-values.ts";

const nonce = (text: string, issuedAtMs = 0): { text: string; issuedAtMs: number } => ({ text, issuedAtMs });

test("no count is ever accepted twice, whatever the order", () => {
  check(
    property(array(integer({ min: 1, max: 400 }), { maxLength: 300 }), (counts) => {
      const window = new NonceCounts({ maxNonces: 10, lifetimeMs: 1000 });
      const accepted = counts.filter((count) => window.use(nonce("n"), count, 0) === "fresh");
      assert.equal(new Set(accepted).size, accepted.length);
    }),
  );
});

test("counts that are at most 127 behind the highest are accepted once", () => {
  check(
    property(uniqueArray(integer({ min: 1000, max: 1127 }), { minLength: 1 }), (counts) => {
      const window = new NonceCounts({ maxNonces: 10, lifetimeMs: 1000 });
      assert.ok(counts.every((count) => window.use(nonce("n"), count, 0) === "fresh"));
    }),
  );
});

test("the greatest count of eight digits is no trouble", () => {
  const window = new NonceCounts({ maxNonces: 10, lifetimeMs: 1000 });
  assert.equal(window.use(nonce("n"), 1, 0), "fresh");
  assert.equal(window.use(nonce("n"), 0xffffffff, 0), "fresh");
  assert.equal(window.use(nonce("n"), 0xffffffff, 0), "replayed");
  assert.equal(window.use(nonce("n"), 1, 0), "replayed");
});

test("memory is bounded, and what was dropped is never fresh again", () => {
  const window = new NonceCounts({ maxNonces: 3, lifetimeMs: 1000 });
  for (let issued = 1; issued <= 10; issued += 1) {
    assert.equal(window.use(nonce(`n${issued}`, issued), 1, 10), "fresh");
  }
  assert.equal(window.size, 3);
  for (let issued = 1; issued <= 7; issued += 1) {
    assert.equal(window.use(nonce(`n${issued}`, issued), 1, 10), "forgotten");
  }
  assert.equal(window.use(nonce("n8", 8), 1, 10), "replayed");
});

test("expired nonces make room without anything being forgotten", () => {
  const window = new NonceCounts({ maxNonces: 100, lifetimeMs: 1000 });
  window.use(nonce("old", 0), 1, 0);
  window.use(nonce("new", 2000), 1, 2000);
  assert.equal(window.size, 1);
  assert.equal(window.use(nonce("other", 500), 1, 2000), "fresh");
});

test("any text parses to values or to undefined, in time that grows with its length", () => {
  check(
    property(string({ maxLength: 2000 }), (text) => {
      const values = parseAuthValues(text);
      assert.ok(values === undefined || Array.isArray(values));
    }),
  );
  for (const piece of ['a="', 'Digest a="\\', " ", ",", "a=b, ", "Digest ", '"', "\\", "="]) {
    const began = performance.now();
    parseAuthValues(piece.repeat(4096 / piece.length));
    assert.ok(performance.now() - began < 50);
  }
  assert.equal(parseAuthValues("a".repeat(5000)), undefined);
});

test("quotes, escapes, commas within quotes and several values are taken apart", () => {
  const values = parseAuthValues(
    'Digest realm="a, \\"b\\"" , nonce = "n",qop="auth,auth-int", Digest realm=plain,stale=TRUE',
  );
  assert.deepEqual(
    values?.map(({ scheme, params }) => [scheme, Object.fromEntries(params)]),
    [
      ["digest", { realm: 'a, "b"', nonce: "n", qop: "auth,auth-int" }],
      ["digest", { realm: "plain", stale: "TRUE" }],
    ],
  );
});
