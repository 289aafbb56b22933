import assert from "node:assert/strict";
import { test } from "node:test";
import { MUTATORS, Random, TORTURE_MESSAGES, mutate } from "@mss/sip-message/testing";
import { fuzz, mutantOf } from "../fuzz/fuzz.ts";
import { judge } from "../fuzz/oracles.ts";
import { SEEDS } from "../fuzz/seeds.ts";

/** Some 12 seconds of processor time; `fuzz/main.ts` makes millions. Always the same ones, so that a failure is a change's. */
const SLICES = 4;
const SLICE = 25_000;
const SEED = 20_261_124;

test("the messages that mutants are made of pass, but those that the RFCs made malformed", () => {
  const torture = TORTURE_MESSAGES.map(({ text }) => text);
  const others = SEEDS.filter((text) => !torture.includes(text));
  assert.ok(others.length > 30, `${others.length} messages of scenarios`);
  for (const text of others) {
    assert.equal(judge(text), "passed", text);
  }
});

test("a mutant depends on the seed and its number alone, and differs from its original", () => {
  assert.equal(mutantOf(1, 4711).text, mutantOf(1, 4711).text);
  assert.notEqual(mutantOf(1, 4711).text, mutantOf(2, 4711).text);
  for (const name of Object.keys(MUTATORS)) {
    const changed = [1, 2, 3, 4, 5].some(
      (stream) => MUTATORS[name]?.(SEEDS[0] ?? "", new Random(1, stream), SEEDS[1] ?? "") !== SEEDS[0],
    );
    assert.ok(changed, name);
  }
  const text = mutate(SEEDS[0] ?? "", new Random(1, 1), SEEDS[1] ?? "");
  assert.ok(
    text.split("").every((character) => character.charCodeAt(0) <= 0xff),
    "byte text",
  );
});

for (let slice = 0; slice < SLICES; slice += 1) {
  const from = slice * SLICE;
  test(`mutants ${from} to ${from + SLICE - 1}: nothing throws, views agree, cuts do not matter, a fixed point`, () => {
    const { findings, outcomes } = fuzz({ seed: SEED, from, mutants: SLICE });
    assert.deepEqual(findings, []);
    // The oracles see something of each kind.
    for (const outcome of ["passed", "dropped", "400", "416", "420", "501", "505"]) {
      assert.ok((outcomes[outcome] ?? 0) > 0, `no mutant was ${outcome}: ${JSON.stringify(outcomes)}`);
    }
  });
}
