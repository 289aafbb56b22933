import assert from "node:assert/strict";
import { test } from "node:test";
import { branchSettings, resolveSecrets } from "@mss/topology";
import { changed, topologyOf } from "./support/documents.ts";

const NO_FILES = (): Promise<string> => Promise.reject(new TypeError("no file is needed"));

test("hubs are tried in the order of the file, also when their ids look like numbers", () => {
  const topology = topologyOf(changed({ replace: "  hub-1:", by: "  20:" }, { replace: "  hub-2:", by: "  3:" }));
  assert.deepEqual(topology.branches[0]?.trunk.hubs, ["20", "3"]);
});

test("leading zeros of a range are kept, with quotes and without", async () => {
  for (const key of ['"0098-0102"', "0098-0102"]) {
    const topology = topologyOf(
      changed(
        { replace: '["1xxx"]', by: '["00xx", "01xx", "1xxx"]' },
        { replace: '"1001-1010": { secret: { file: hk-phones.secret } }', by: `${key}: { secret: { env: RANGE } }` },
      ),
    );
    const env = { HK_TRUNK_SECRET: "a-trunk-secret", HK_1000_SECRET: "alices-secret", RANGE: "range-secret" };
    const resolved = await resolveSecrets(topology, { env, readFile: NO_FILES, node: "hk" });
    assert.ok(resolved.kind === "resolved");
    const numbers = [...branchSettings(topology, "hk", resolved.secrets).extensions.keys()];
    assert.deepEqual(numbers, ["1000", "0098", "0099", "0100", "0101", "0102"]);
  }
});
