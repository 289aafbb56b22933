// Writes the public names of every package to test/arch/exports, for review as a diff.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { publicNames, snapshotPath } from "./exports.ts";
import { PACKAGES, ROOT } from "./workspace.ts";

mkdirSync(path.join(ROOT, "test/arch/exports"), { recursive: true });
for (const entry of PACKAGES) {
  writeFileSync(path.join(ROOT, snapshotPath(entry)), publicNames(entry));
}
