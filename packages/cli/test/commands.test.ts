import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { runMss, startMss } from "./support/run-mss.ts";

async function topologyFile(context: TestContext, text: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "mss-cli-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const file = path.join(directory, "acme.yaml");
  await writeFile(file, text);
  return file;
}

const ONE_BRANCH = `
federation: acme
hubs:
  hub-1:
    sip: { listen: [udp://127.22.0.1:5060] }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://127.22.0.2:5060] }
    trunk: { secret: { env: HK_TRUNK_SECRET } }
    extensions:
      "1000": { secret: { env: HK_1000_SECRET } }
`;
const SECRETS = { HK_TRUNK_SECRET: "trunk-of-hong-kong", HK_1000_SECRET: "phone-of-alice" };

test("the demo's own topology has no faults", async () => {
  const { status, out, err } = await runMss(["topology", "check", "topology/demo.yaml"]);
  assert.equal(status, 0, err);
  assert.equal(out, "demo: 1 hub, 2 branches, no errors, 0 warnings\n");
});

test("topology check names each fault with file, line and what to write, and exits with 2", async (context) => {
  const file = await topologyFile(
    context,
    ONE_BRANCH.replace("numbers:", "nubmers:").replace("udp://127.22.0.1", "upd://127.22.0.1"),
  );
  const { status, out, err } = await runMss(["topology", "check", file]);
  assert.equal(status, 2);
  assert.equal(out, "");
  assert.match(err, /acme\.yaml:8:5 {2}nubmers is not a key here — did you mean numbers\?/);
  assert.match(err, /acme\.yaml:5:\d+ {2}upd:\/\/ is no transport — write udp:\/\/127\.22\.0\.1:5060/);
  assert.doesNotMatch(err, /^\s+at /m, "no stack");
});

test("topology check names each of more than ten kinds of mistakes in one file, and counts them", async () => {
  const { status, err } = await runMss(["topology", "check", "packages/topology/test/fixtures/ten-mistakes.yaml"]);
  assert.equal(status, 2);
  const faults = err.match(/ten-mistakes\.yaml:\d+:\d+ {2}.+ — .+/g) ?? [];
  assert.ok(faults.length >= 19, err);
  assert.match(err, /\n19 errors?, \d+ warnings?\n$/);
});

test("topology check --json is one object", async (context) => {
  const file = await topologyFile(context, ONE_BRANCH.replace('["1xxx"]', '["1x2x"]'));
  const { status, out } = await runMss(["topology", "check", "--json", file]);
  const report: unknown = JSON.parse(out);
  assert.equal(status, 2);
  assert.partialDeepStrictEqual(report, { ok: false, faults: [{ code: "invalid-pattern", line: 8 }] });
});

test("topology check --secrets asks for what the nodes will need", async (context) => {
  const file = await topologyFile(context, ONE_BRANCH);
  const without = await runMss(["topology", "check", "--secrets", file]);
  assert.equal(without.status, 2);
  assert.match(without.err, /acme\.yaml:10:\d+ .*HK_TRUNK_SECRET is not set/);
  assert.match(without.err, /acme\.yaml:12:\d+ .*HK_1000_SECRET is not set/);
  assert.equal((await runMss(["topology", "check", "--secrets", file], SECRETS)).status, 0);
});

test("plan says what would change from one file to another, and needs force where much goes", async () => {
  const same = await runMss(["topology", "plan", "topology/demo.yaml", "--against", "topology/demo.yaml"]);
  assert.deepEqual([same.status, same.out], [0, "no changes\n"]);
  const six = ["topology", "plan", "topology/six-branches.yaml", "--against", "topology/demo.yaml", "--json"];
  assert.equal((await runMss(six)).status, 0);
  const back = await runMss(["topology", "plan", "topology/demo.yaml", "--against", "topology/six-branches.yaml"]);
  assert.equal(back.status, 5);
  assert.match(back.out, /^- 2000–2999: singapore → nobody +dangerous$/m);
});

test("explain says where a call would go; exit status 1 when it would reach nobody", async () => {
  const reached = await runMss(["explain", "1000", "4000", "--file", "topology/demo.yaml"]);
  assert.equal(reached.status, 0);
  assert.match(reached.out, /applies +4xxx +numbers of london/);
  assert.match(reached.out, /result +1000 → hk → hub-1 → london → 4000/);
  const unknown = await runMss(["explain", "1000", "7000", "--file", "topology/demo.yaml", "--json"]);
  assert.equal(unknown.status, 1);
  assert.partialDeepStrictEqual(JSON.parse(unknown.out), { outcome: { kind: "refused", status: 404 } });
});

test("a command line that makes no sense is one line and exit status 2", async () => {
  for (const args of [["explain", "1000"], ["rnu", "x.yaml"], ["run"], ["run", "x.yaml", "--drain-seconds", "soon"]]) {
    const { status, err } = await runMss(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(err, /^error: /, args.join(" "));
  }
});

test("an environment variable that makes no sense is named", async () => {
  const { status, err } = await runMss(["topology", "check", "topology/demo.yaml"], { REDIS_URL: "localhost" });
  assert.equal(status, 2);
  assert.equal(err, "environment variable REDIS_URL: must be a URL such as redis://127.0.0.1:6379\n");
});

test("run names a node that is not there, and the ones that are", async () => {
  const { status, err } = await runMss(["run", "topology/demo.yaml", "--node", "paris"]);
  assert.equal(status, 2);
  assert.equal(err, "topology/demo.yaml: there is no node paris; the nodes are hub-1, hk, london\n");
});

test("run keeps going until SIGTERM, drains and exits with 0", async (context) => {
  const mss = startMss(["run", await topologyFile(context, ONE_BRANCH), "--drain-seconds", "1"], SECRETS);
  await mss.wrote(/"msg":"hub link up"/);
  mss.child.kill("SIGTERM");
  const { status, err } = await mss.finished;
  assert.equal(status, 0, err);
  assert.match(err, /"msg":"draining"/);
  assert.doesNotMatch(err, /trunk-of-hong-kong|phone-of-alice/, "no secret in the log");
});

test("run on an address that is taken says which, in one line, and exits with 1, so that it is tried again", async (context) => {
  const file = await topologyFile(context, ONE_BRANCH);
  const first = startMss(["run", file, "--node", "hub-1"], SECRETS);
  await first.wrote(/"msg":"link to the sip engine is up"/);
  const { status, err } = await runMss(["run", file, "--node", "hub-1"], { ...SECRETS, MSS_LOG_LEVEL: "silent" });
  assert.equal(status, 1);
  assert.match(err, /^cannot start: cannot listen on the address: transport=udp host=127\.22\.0\.1 port=5060 .*\n$/);
  first.child.kill("SIGTERM");
  assert.equal((await first.finished).status, 0);
});
