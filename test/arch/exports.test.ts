import assert from "node:assert/strict";
import { test } from "node:test";
import { publicNames, snapshotPath } from "./exports.ts";
import { PACKAGES, has, readText } from "./workspace.ts";

const HOW_TO_UPDATE =
  "the public names of a package changed. If that is meant, run `npx node test/arch/update-exports.ts`\n" +
  "and commit the changed file in test/arch/exports with it";

for (const entry of PACKAGES) {
  test(`@mss/${entry.id} exports what test/arch/exports/${entry.id}.txt says`, () => {
    const expected = has(snapshotPath(entry)) ? readText(snapshotPath(entry)) : "";
    const lines = publicNames(entry).split("\n");
    const before = expected.split("\n");
    const added = lines.filter((line) => !before.includes(line)).map((line) => `+ ${line.trim()}`);
    const removed = before.filter((line) => !lines.includes(line)).map((line) => `- ${line.trim()}`);
    assert.equal(publicNames(entry), expected, `${HOW_TO_UPDATE}\n${[...added, ...removed].join("\n")}`);
  });
}
