import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { withCredentials } from "../src/credentials.ts";
import { runProgram } from "./support/run-program.ts";
import type { ProgramResult } from "./support/run-program.ts";

const TOPOLOGY = `federation: acme
hubs:
  hub-1: { sip: { listen: [udp://192.0.2.1:5060] }, http: { listen: "0.0.0.0:8080" } }
branches:
  hk:
    name: Victoria Harbour
    numbers: ["1xxx"]
    sip: { listen: [udp://192.0.2.2:5060] }
    http: { listen: "[::1]:8081" }
    trunk: { secret: { env: HK_TRUNK_SECRET } }
    extensions:
      "1000": { name: Alice, secret: { env: HK_1000_SECRET } }
      "1001-1010": { secret: { file: hk-phones.secret } }
  london:
    name: Thames House
    numbers: ["4xxx"]
    sip: { listen: [udp://192.0.2.3:560] }
    trunk: { secret: { env: LONDON_TRUNK_SECRET } }
    extensions: { "4000": { name: Carol, secret: { file: london.secret } } }
`;
const PASSWORDS = {
  HK_TRUNK_SECRET: "trunk-of-hong-kong",
  HK_1000_SECRET: "alice-her-password",
  LONDON_TRUNK_SECRET: "trunk-of-london",
};

interface Workplace {
  readonly folder: string;
  readonly inside: (...names: readonly string[]) => string;
  readonly bundle: (node: string, ...args: readonly string[]) => Promise<ProgramResult>;
}

async function workplace(t: TestContext, environment: Record<string, string> = PASSWORDS): Promise<Workplace> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-bundle-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "acme.yaml");
  await writeFile(file, TOPOLOGY);
  await writeFile(path.join(folder, "hk-phones.secret"), "phones-of-hong-kong\n");
  await writeFile(path.join(folder, "london.secret"), "phone-of-london\n");
  return {
    folder,
    inside: (...names) => path.join(folder, ...names),
    bundle: (node, ...args) => {
      const place = args.includes("--out") ? [] : ["--out", path.join(folder, "out")];
      return runProgram(["bundle", node, "--file", file, ...place, ...args], undefined, environment);
    },
  };
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

test("a bundle has all that a branch needs, passwords for its owner alone, and no word of the others", async (t) => {
  const { bundle, inside } = await workplace(t);
  const { status, out, err } = await bundle("hk");
  assert.equal(status, 0, err);
  assert.match(out, /out: 8 files for branch hk\n {2}README\.md\n/);
  const files = await filesBelow(inside("out"));
  assert.deepEqual(files, [
    ".mss-bundle",
    "README.md",
    "compose.yaml",
    "secrets/HK_1000_SECRET",
    "secrets/HK_PHONES_SECRET",
    "secrets/HK_TRUNK_SECRET",
    "systemd/mss@.service",
    "systemd/mss@hk.service.d/bundle.conf",
    "topology.yaml",
  ]);
  for (const file of files) {
    const text = await readFile(inside("out", file), "utf8");
    assert.doesNotMatch(text, /london|thames|carol|4000|4xxx|192\.0\.2\.3/i, file);
  }
  assert.equal((await stat(inside("out"))).mode & 0o777, 0o700);
  assert.equal((await stat(inside("out", "secrets"))).mode & 0o777, 0o700);
  assert.equal((await stat(inside("out", "secrets", "HK_1000_SECRET"))).mode & 0o777, 0o600);
  assert.equal(await readFile(inside("out", "secrets", "HK_PHONES_SECRET"), "utf8"), "phones-of-hong-kong\n");
  const dropIn = await readFile(inside("out", "systemd/mss@hk.service.d/bundle.conf"), "utf8");
  assert.match(dropIn, /^LoadCredential=HK_TRUNK_SECRET:\/etc\/mss\/hk\/secrets\/HK_TRUNK_SECRET$/m);
  assert.doesNotMatch(dropIn, /CAP_NET_BIND_SERVICE/);
  assert.match(await readFile(inside("out", "compose.yaml"), "utf8"), /healthcheck, "http:\/\/\[::1\]:8081\/health"\]/);
});

test("its topology and its passwords are what the node starts from", async (t) => {
  const { bundle, inside } = await workplace(t);
  await bundle("hk", "--data", "/srv/hk");
  const environment = withCredentials({
    CREDENTIALS_DIRECTORY: inside("out", "secrets"),
    HK_1000_SECRET: "of-the-environment",
  });
  assert.equal(environment["HK_TRUNK_SECRET"], "trunk-of-hong-kong");
  assert.equal(environment["HK_PHONES_SECRET"], "phones-of-hong-kong");
  assert.equal(environment["HK_1000_SECRET"], "of-the-environment");
  const file = inside("out", "topology.yaml");
  const checked = await runProgram(["topology", "check", "--secrets", file], undefined, environment);
  assert.deepEqual([checked.status, checked.err], [0, ""]);
  assert.match(await readFile(file, "utf8"), /data: \/srv\/hk/);
});

test("certificates of mss cert come with it: its own, with its key, and what it believes", async (t) => {
  const { bundle, inside } = await workplace(t);
  assert.equal((await runProgram(["cert", inside("acme.yaml")])).status, 0);
  const { status, err } = await bundle("hk");
  assert.equal(status, 0, err);
  assert.deepEqual((await readdir(inside("out", "certificates"))).toSorted(), ["authority.crt", "hk.crt", "hk.key"]);
  assert.equal((await stat(inside("out", "certificates", "hk.key"))).mode & 0o777, 0o600);
  assert.equal(
    await readFile(inside("out", "certificates", "hk.key"), "utf8"),
    await readFile(inside("certificates", "hk.key"), "utf8"),
  );
  assert.match(await readFile(inside("out", "README.md"), "utf8"), /chown -R mss: \/etc\/mss\/hk\/certificates/);
});

test("an archive, with the software in it", async (t) => {
  const { bundle, inside } = await workplace(t);
  execFileSync("tar", ["-czf", inside("software.tar.gz"), "-C", inside(), "acme.yaml"]);
  const { status, err } = await bundle("hk", "--out", inside("hk.tar.gz"), "--software", inside("software.tar.gz"));
  assert.equal(status, 0, err);
  assert.equal((await stat(inside("hk.tar.gz"))).mode & 0o777, 0o600);
  const listed = execFileSync("tar", ["-tzf", inside("hk.tar.gz")], { encoding: "utf8" });
  assert.match(listed, /^hk\/topology\.yaml$/m);
  assert.match(listed, /^hk\/software\.tar\.gz$/m);
  const refused = await bundle("hk", "--force", "--software", inside("acme.yaml"));
  assert.equal(refused.status, 1);
  assert.match(refused.err, /acme\.yaml.*no \.tar\.gz.*BUNDLE_READ_FAILED/);
});

test("what is there is not overwritten; --force replaces an older bundle of this node, and nothing else", async (t) => {
  const { bundle, inside, folder } = await workplace(t);
  await bundle("hk");
  await writeFile(inside("out", "stale"), "");
  const again = await bundle("hk");
  assert.equal(again.status, 5);
  assert.match(again.err, /--force/);
  assert.equal((await bundle("hk", "--force")).status, 0);
  await assert.rejects(stat(inside("out", "stale")));
  assert.equal((await bundle("london", "--force")).status, 5);
  await mkdir(inside("precious"));
  await writeFile(inside("precious", "file"), "mine");
  assert.equal((await bundle("hk", "--force", "--out", inside("precious"))).status, 5);
  assert.equal(await readFile(inside("precious", "file"), "utf8"), "mine");
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith(".new")),
    [],
  );
});

test("passwords that are not here are named, each with its line; without passwords it says what to put where", async (t) => {
  const { bundle, inside } = await workplace(t, { HK_TRUNK_SECRET: "trunk-of-hong-kong" });
  const refused = await bundle("hk");
  assert.equal(refused.status, 2);
  assert.match(refused.err, /acme\.yaml:12:38 .*HK_1000_SECRET is not set[^]*--no-secrets/);
  await assert.rejects(stat(inside("out")));
  const { status, out } = await bundle("hk", "--no-secrets", "--json");
  assert.equal(status, 0);
  assert.match(out, /"missingSecrets": \[\s+"HK_TRUNK_SECRET",\s+"HK_1000_SECRET",\s+"HK_PHONES_SECRET"\s+\]/);
  await assert.rejects(stat(inside("out", "secrets")));
  assert.match(await readFile(inside("out", "README.md"), "utf8"), /secrets\/HK_PHONES_SECRET +# 1001-1010:/);
});

test("a hub has every trunk of its own and no phone; its Redis goes with the passwords", async (t) => {
  const { inside } = await workplace(t);
  const file = inside("acme.yaml");
  const redis = "redis://:secret@192.0.2.9:6379";
  const { status, err } = await runProgram(
    ["bundle", "hub-1", "--file", file, "--out", inside("hub")],
    redis,
    PASSWORDS,
  );
  assert.equal(status, 0, err);
  assert.deepEqual((await readdir(inside("hub", "secrets"))).toSorted(), [
    "HK_TRUNK_SECRET",
    "LONDON_TRUNK_SECRET",
    "REDIS_URL",
  ]);
  assert.equal(await readFile(inside("hub", "secrets", "REDIS_URL"), "utf8"), `${redis}\n`);
  const topology = await readFile(inside("hub", "topology.yaml"), "utf8");
  assert.doesNotMatch(topology, /Alice|Carol|HK_1000/);
  assert.match(await readFile(inside("hub", "compose.yaml"), "utf8"), /http:\/\/127\.0\.0\.1:8080\/health/);
});

test("a port below 1024 needs a capability, and nothing else does", async (t) => {
  const { bundle, inside } = await workplace(t);
  await bundle("london");
  const dropIn = await readFile(inside("out", "systemd/mss@london.service.d/bundle.conf"), "utf8");
  assert.match(dropIn, /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
});

test("a node that does not exist, and a place that cannot be written", async (t) => {
  const { bundle, inside } = await workplace(t);
  const unknown = await bundle("rome");
  assert.equal(unknown.status, 2);
  assert.match(unknown.err, /there is no node rome; the nodes are hub-1, hk, london/);
  const unwritable = await bundle("hk", "--out", inside("acme.yaml", "below"));
  assert.equal(unwritable.status, 1);
  assert.match(unwritable.err, /BUNDLE_WRITE_FAILED/);
});

test("credentials that cannot be read are not there", () => {
  assert.deepEqual(withCredentials({ A: "1" }), { A: "1" });
  const absent = { A: "1", CREDENTIALS_DIRECTORY: "/nowhere" };
  assert.deepEqual(withCredentials(absent), absent);
});
