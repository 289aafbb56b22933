import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { FAULT_CODES } from "@mss/topology";

test("the README's table of faults is FAULT_CODES", async () => {
  const readme = await readFile(path.join(import.meta.dirname, "../README.md"), "utf8");
  const [, section = ""] = readme.split("## Codes of faults and warnings");
  const [table = ""] = section.split("\n## ");
  const rows = [...table.matchAll(/^\| `([a-z-]+)`\s*\| (.*?)\s*\|$/gm)].map((row) => [row[1], row[2]]);
  assert.deepEqual(rows, Object.entries(FAULT_CODES));
});
