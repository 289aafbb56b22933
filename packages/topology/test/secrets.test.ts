import assert from "node:assert/strict";
import { inspect } from "node:util";
import { describe, test } from "node:test";
import { branchSettings, formatFaults, hubSettings, resolveSecrets } from "@mss/topology";
import type { ResolvedSecrets, SecretSources } from "@mss/topology";
import { GOOD, brief, changed, check, faultsOf, topologyOf } from "./support/documents.ts";

const ENV = {
  HK_TRUNK_SECRET: "trunk-of-hong-kong",
  HK_1000_SECRET: "alice-her-secret",
  LONDON_TRUNK_SECRET: "trunk-of-london",
};
const FILES: Readonly<Record<string, string>> = { "/etc/mss/hk-phones.secret": "phones-of-hong-kong\n" };

function readFile(file: string): Promise<string> {
  const text = FILES[file];
  return text === undefined
    ? Promise.reject(Object.assign(new Error("no such file"), { code: "ENOENT" }))
    : Promise.resolve(text);
}

function resolve(text = GOOD, sources: Partial<SecretSources> = {}): Promise<ResolvedSecrets> {
  return resolveSecrets(topologyOf(text), { env: ENV, readFile, ...sources });
}

function faultsIn(resolved: ResolvedSecrets): readonly string[] {
  return resolved.kind === "faulty" ? brief(resolved.faults) : [];
}

describe("secrets", () => {
  test("come from the environment and from files beside the topology file, line break cut", async () => {
    const resolved = await resolve();
    assert.ok(resolved.kind === "resolved");
    assert.deepEqual(resolved.warnings, []);
    const hk = branchSettings(topologyOf(GOOD), "hk", resolved.secrets);
    const secrets = [...hk.extensions].map(([number, { secret }]) => [String(number), secret]);
    assert.equal(hk.trunk.secret, "trunk-of-hong-kong");
    assert.deepEqual(secrets.slice(0, 2), [
      ["1000", "alice-her-secret"],
      ["1001", "phones-of-hong-kong"],
    ]);
  });

  test("that are missing are all named, each with its line", async () => {
    const resolved = await resolve(GOOD, { env: { HK_TRUNK_SECRET: "" }, readFile: () => Promise.resolve("\n") });
    assert.deepEqual(faultsIn(resolved), [
      "11:22 unresolvable-secret",
      "13:38 unresolvable-secret",
      "14:30 unresolvable-secret",
      "18:22 unresolvable-secret",
    ]);
    const text = resolved.kind === "faulty" ? formatFaults(resolved.faults) : "";
    assert.match(text, /HK_TRUNK_SECRET is empty/);
    assert.match(text, /HK_1000_SECRET is not set — set HK_1000_SECRET/);
    assert.match(text, /hk-phones\.secret is empty/);
  });

  test("of an unreadable file say the system's reason", async () => {
    const resolved = await resolve(changed({ replace: "hk-phones.secret", by: "gone.secret" }));
    assert.match(
      resolved.kind === "faulty" ? (resolved.faults[0]?.message ?? "") : "",
      /gone\.secret cannot be read \(ENOENT\)/,
    );
  });

  test("are looked up for one node only when that is asked for", async () => {
    const london = await resolve(GOOD, { node: "london", env: { LONDON_TRUNK_SECRET: "trunk-of-london" } });
    assert.ok(london.kind === "resolved");
    const { secrets } = london;
    assert.equal(branchSettings(topologyOf(GOOD), "london", secrets).trunk.secret, "trunk-of-london");
    assert.throws(() => branchSettings(topologyOf(GOOD), "hk", secrets), { code: "SECRET_NOT_RESOLVED" });

    const hub = await resolve(GOOD, { node: "hub-1", env: { ...ENV, HK_1000_SECRET: undefined } });
    assert.ok(hub.kind === "resolved");
    assert.equal(hubSettings(topologyOf(GOOD), "hub-1", hub.secrets).trunks.size, 2);
  });

  test("that are weak, shared or not one line are told of, without being shown", async () => {
    const weak = await resolve(GOOD, { env: { ...ENV, HK_1000_SECRET: "short" } });
    assert.deepEqual(brief(weak.warnings), ["13:38 weak-secret"]);
    const shared = await resolve(GOOD, { env: { ...ENV, LONDON_TRUNK_SECRET: ENV.HK_TRUNK_SECRET } });
    assert.deepEqual(brief(shared.warnings), ["18:22 shared-secret"]);
    const lines = await resolve(GOOD, { readFile: () => Promise.resolve("two-lines-of\nsecrets\n") });
    assert.deepEqual(faultsIn(lines), ["14:30 invalid-secret"]);
    const all = [weak, shared, lines].map((resolved) => JSON.stringify(resolved)).join("\n");
    assert.doesNotMatch(all, /two-lines|trunk-of-hong-kong|"short"/);
  });

  test("do not show when the object that holds them is printed", async () => {
    const resolved = await resolve();
    assert.doesNotMatch(inspect(resolved, { depth: 9 }) + JSON.stringify(resolved), /trunk-of|alice-her/);
  });

  test("in clear are blotted out in the lines that are shown with a fault", () => {
    for (const secret of ["plain-and-simple", '"in: quotes, {here}"', "'single, quoted'"]) {
      const text = changed({ replace: "{ env: HK_TRUNK_SECRET }, maxCalls: 30", by: `${secret}, maxCalls: 0` });
      const shown = formatFaults([...faultsOf(check(text)), ...check(text).warnings]);
      assert.match(shown, /maxCalls cannot be 0/);
      assert.doesNotMatch(shown, /plain-and-simple|quotes|quoted/);
    }
  });
});
