import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { formatFaults, topologyJsonSchema } from "@mss/topology";
import { brief, check, faultsOf } from "./support/documents.ts";
import { keyRows } from "./support/key-rows.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** Rows of all tables, cells trimmed. */
function tableRows(text: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

const FORMAT = read("topology/README.md");

test("topology/README.md has every key with its type, default and meaning, and no other", () => {
  const documented = tableRows(FORMAT).filter(([key]) =>
    /^`(?:federation|demo|signing|certificates|hubs|branches|calendars|routes|blocked)\b/.test(key ?? ""),
  );
  assert.deepEqual(documented, keyRows(topologyJsonSchema()));
});

test("the example of topology/README.md has neither fault nor warning", () => {
  const example = /```yaml\n(federation:.*?)```/s.exec(FORMAT)?.[1] ?? "";
  const checked = check(example);
  assert.deepEqual(brief(faultsOf(checked)), []);
  assert.deepEqual(brief(checked.warnings), []);
  assert.equal(checked.kind, "ok");
});

test("the faults shown in topology/README.md look like that", () => {
  const shown = /```text\n(acme\.yaml:.*?)\n```/s.exec(FORMAT)?.[1] ?? "";
  const printed = formatFaults(faultsOf(check(read("packages/topology/test/fixtures/ten-mistakes.yaml"))));
  assert.ok(shown.split("\n").length >= 9 && printed.includes(shown), `not among:\n${printed}`);
});

test("topology/schema.json, for editors, is the schema of the code, and the demo names it", () => {
  assert.deepEqual(JSON.parse(read("topology/schema.json")), structuredClone(topologyJsonSchema()));
  assert.match(read("topology/demo.yaml"), /^# yaml-language-server: \$schema=schema\.json$/m);
});
