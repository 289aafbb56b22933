import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { checkTopology, loadTopology } from "@mss/topology";
import { GOOD, brief, changed, check, faultsOf, topologyOf } from "./support/documents.ts";

const HUBS = GOOD.slice(0, GOOD.indexOf("branches:"));
const BRANCHES = `federation: acme\n${GOOD.slice(GOOD.indexOf("branches:"))}`;

describe("several files", () => {
  test("make one federation, nodes in order of the files", () => {
    const checked = checkTopology([
      { file: "hubs.yaml", text: HUBS },
      { file: "branches.yaml", text: BRANCHES },
    ]);
    assert.equal(checked.kind, "ok");
    assert.deepEqual(
      [...checked.topology.hubs, ...checked.topology.branches].map(({ id }) => id),
      ["hub-1", "hub-2", "hk", "london"],
    );
  });

  test("of two federations are refused, with both places", () => {
    const faults = faultsOf(
      checkTopology([
        { file: "a.yaml", text: HUBS },
        { file: "b.yaml", text: BRANCHES.replace("acme", "other") },
      ]),
    );
    assert.deepEqual(brief(faults), ["1:13 federation-differs"]);
    assert.equal(faults[0]?.file, "b.yaml");
    assert.deepEqual(faults[0]?.other, { file: "a.yaml", line: 1, column: 13 });
  });

  test("that describe one branch twice are refused, with both places", () => {
    const faults = faultsOf(
      checkTopology([
        { file: "a.yaml", text: GOOD },
        { file: "b.yaml", text: GOOD },
      ]),
    );
    assert.ok(faults.every(({ file, other }) => file === "b.yaml" && other?.file === "a.yaml"));
    assert.equal(faults.filter(({ code }) => code === "duplicate-id").length, 4);
  });

  test("a file that is not YAML does not make the others look wrong", () => {
    const checked = checkTopology([
      { file: "hubs.yaml", text: "federation: [" },
      { file: "branches.yaml", text: BRANCHES },
    ]);
    assert.ok(faultsOf(checked).every(({ file }) => file === "hubs.yaml"));
  });
});

describe("reading", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "mss-topology-"));
  });
  after(() => rm(directory, { recursive: true }));

  test("a file from the disk", async () => {
    const file = path.join(directory, "good.yaml");
    await writeFile(file, GOOD);
    const checked = await loadTopology([file]);
    assert.equal(checked.kind, "ok");
    assert.equal(checked.topology.branches[0]?.dataDirectory, path.join(directory, "data", "hk"));
  });

  test("what cannot be read is a fault and no rejection", async () => {
    const large = path.join(directory, "large.yaml");
    await writeFile(large, "#".repeat(1_000_001));
    const latin = path.join(directory, "latin.yaml");
    await writeFile(latin, Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    const missing = path.join(directory, "missing.yaml");
    const faults = faultsOf(await loadTopology([missing, large, latin, directory, "/dev/zero"]));
    assert.deepEqual(
      faults.map(({ file, code }) => [file, code]),
      [
        [missing, "unreadable-file"],
        [large, "too-large"],
        [latin, "unreadable-file"],
        [directory, "unreadable-file"],
        ["/dev/zero", "unreadable-file"],
      ],
    );
    assert.match(faults[0]?.message ?? "", /no such file/);
    assert.match(faults[2]?.message ?? "", /not UTF-8/);
  });

  test("no file at all is a fault", async () => {
    assert.equal((await loadTopology([])).kind, "faulty");
  });

  test("the reader can be another one", async () => {
    const checked = await loadTopology(["any.yaml"], { readFile: () => Promise.resolve(GOOD) });
    assert.equal(checked.kind, "ok");
  });
});

test("a wrong bracket is told of a few times, not once for each line after it", () => {
  for (const text of ["[".repeat(100_000), "[\n".repeat(5000)]) {
    const faults = faultsOf(check(text));
    assert.ok(faults.length > 0 && faults.length <= 20, String(faults.length));
  }
});

test("ids that are names of the language are refused, or ids like any other", () => {
  for (const id of ["__proto__", "hasOwnProperty", "toString"]) {
    assert.equal(check(changed({ replace: "  hk:\n", by: `  ${id}:\n` })).kind, "faulty", id);
  }
  const [branch] = topologyOf(changed({ replace: "  hk:\n", by: "  constructor:\n" })).branches;
  assert.equal(branch?.id, "constructor");
  assert.equal(branch.extensions.length, 2);
});

test("an honest alias is read, and its faults are where it is used", () => {
  const text = changed(
    { replace: "[udp://192.0.2.2:5060]", by: "&listen [udp://192.0.2.2:5060]" },
    { replace: "[udp://198.51.100.1:5060]", by: "*listen" },
  );
  assert.deepEqual(
    faultsOf(check(text)).map(({ code, path: keys }) => [code, keys]),
    [["address-in-use", "branches.hk.sip.listen[0]"]],
  );
});
