import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { CASES } from "./cases/index.ts";

const README = new URL("../../packages/sip-engine/README.md", import.meta.url);

/** First cells of the table that says how the two engines differ. */
async function rowsOfReadme(): Promise<readonly string[]> {
  const section = (await readFile(README, "utf8"))
    .split("\n## ")
    .find((text) => text.startsWith("drachtio-server and"));
  return (section ?? "").split("\n").map((line) => /^\| (.+?) +\|/.exec(line)?.[1] ?? "");
}

test("every difference between the engines has its row in the README of the engine", async () => {
  const rows = await rowsOfReadme();
  const named = Object.values(CASES)
    .flat()
    .flatMap(({ differs = {} }) => Object.values(differs))
    .map(({ row }) => row);
  assert.deepEqual(
    named.filter((row) => !rows.includes(row)),
    [],
  );
});

test("a case has one name within its subject", () => {
  const names = Object.entries(CASES).flatMap(([subject, cases]) => cases.map(({ name }) => `${subject}: ${name}`));
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});
