import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { formatFaults, loadTopology } from "@mss/topology";
import { brief, faultsOf } from "./support/documents.ts";

const FILE = path.join(import.meta.dirname, "fixtures", "ten-mistakes.yaml");

const EXPECTED = [
  "3:1 unknown-key",
  "8:15 invalid-value",
  "10:21 invalid-address",
  "11:3 invalid-id",
  "18:21 address-in-use",
  "20:15 invalid-secret",
  "21:17 wrong-type",
  "22:21 unknown-hub",
  "25:7 extension-twice",
  "26:7 extension-outside-numbers",
  "27:7 invalid-extension",
  "29:23 invalid-pattern",
  "30:21 invalid-address",
  "31:62 invalid-value",
  "32:25 wrong-type",
  "33:5 registration-bounds",
  "34:3 missing-key",
  "35:15 numbers-disputed",
  "36:21 invalid-address",
];

test("a file with more than ten kinds of mistakes: each is named with its line, and nothing else is", async () => {
  const faults = faultsOf(await loadTopology([FILE]));
  assert.deepEqual(brief(faults), EXPECTED);
  assert.ok(new Set(faults.map(({ code }) => code)).size > 10);
});

test("the lines named are those with a comment in the file", async () => {
  const lines = (await readFile(FILE, "utf8")).split("\n");
  const commented = lines.flatMap((line, index) => (/\S.* # /.test(line) ? [index + 1] : []));
  assert.deepEqual(
    faultsOf(await loadTopology([FILE])).map(({ line }) => line),
    commented,
  );
});

test("printed, each fault has its place, what is wrong, what to write, the line and a caret under the place", async () => {
  const text = formatFaults(faultsOf(await loadTopology([FILE])));
  const [head, line, caret] = text.split("\n");
  assert.equal(head, `${FILE}:3:1  dmeo is not a key here — did you mean demo?`);
  assert.equal(line, "  3 | dmeo: true # misspelt key");
  assert.equal(caret, "    | ^");
  assert.equal(text.split("\n").length, EXPECTED.length * 3);
  assert.equal(formatFaults([]), "");
});
