import * as fc from "fast-check";

/**
 * Loaded before every test file of `npm test`: properties are tried with the same values in each run, so that a change
 * fails by its own fault only. `MSS_TEST_SEED=7 npm test -- packages/sip-engine` tries others, `MSS_TEST_SEED=any` new
 * ones in each run.
 */
const DEFAULT_SEED = 20_261_124;
const asked = process.env["MSS_TEST_SEED"] ?? String(DEFAULT_SEED);
if (asked !== "any") {
  const seed = Number(asked);
  if (!Number.isSafeInteger(seed)) {
    throw new TypeError(`MSS_TEST_SEED must be a whole number or "any", not "${asked}"`);
  }
  fc.configureGlobal({ seed });
}
