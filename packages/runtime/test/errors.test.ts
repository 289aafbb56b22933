import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, hasCode } from "../src/index.ts";

class BadgeError extends CodedError<"LOST" | "STOLEN"> {}

test("a coded error keeps its code, details, cause and the name of its class", () => {
  const cause = new Error("door");
  const error = new BadgeError("LOST", "badge is gone", { badge: 7 }, { cause });
  assert.equal(error.code, "LOST");
  assert.deepEqual(error.details, { badge: 7 });
  assert.equal(error.cause, cause);
  assert.equal(error.name, "BadgeError");
  assert.ok(error instanceof BadgeError && error instanceof CodedError && error instanceof Error);
});

test("hasCode knows the codes of our errors only", () => {
  const error = new BadgeError("STOLEN", "badge is gone");
  assert.ok(hasCode(error, "LOST", "STOLEN"));
  assert.ok(!hasCode(error, "LOST"));
  assert.ok(!hasCode(Object.assign(new Error("foreign"), { code: "STOLEN" }), "STOLEN"));
  assert.ok(!hasCode(undefined, "LOST"));
});
