import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import { silentLog } from "@mss/runtime";
import { connectRedis } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import { applyTopology, createSigningKeyPem, loadTopology, readSigningKey, toSnapshot } from "@mss/topology";
import { runNode } from "./support/live-node.ts";
import type { LiveNode } from "./support/live-node.ts";
import { runProgram } from "./support/run-program.ts";

const reason = process.env["MSS_SKIP_REDIS"];
const skip = reason === undefined || reason === "" ? false : reason;

const NET = "127.22.30";
const PLACE: Readonly<Record<string, number>> = { hk: 2, london: 3, paris: 4 };

interface BranchText {
  readonly id: string;
  readonly first: number;
}

const HK = { id: "hk", first: 1 };
const LONDON = { id: "london", first: 4 };
const PARIS = { id: "paris", first: 5 };

function branchText({ id, first }: BranchText): string {
  return `  ${id}:
    numbers: ["${first}xxx"]
    sip: { listen: [udp://${NET}.${PLACE[id]}:5060] }
    trunk: { secret: { file: ${id}.secret } }
    extensions: { "${first}000-${first}003": { secret: { file: phones.secret } } }
`;
}

/** A folder as an administrator has it: the file of the federation, its secrets, its key and its certificates. */
async function folderOf(t: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-live-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "acme.yaml");
  const keyFile = path.join(folder, "topology.key");
  const publicKey = (await runProgram(["key", "create", keyFile])).out.trim();
  const write = (branches: readonly BranchText[], rest = ""): Promise<void> =>
    writeFile(
      file,
      `federation: acme
signing: { keys: [${publicKey}] }
hubs:
  hub-1:
    sip: { listen: [udp://${NET}.1:5060] }
    api: { listen: ${NET}.1:8443 }
branches:
${branches.map(branchText).join("")}${rest}`,
    );
  const secret = (name: string, value: string): Promise<void> => writeFile(path.join(folder, `${name}.secret`), value);
  return { folder, file, keyFile, publicKey, write, secret };
}

async function openPhone(t: TestContext, number: string): Promise<SipPhone> {
  const branch = { 1: "hk", 4: "london", 5: "paris" }[number[0] ?? ""] ?? "";
  const place = PLACE[branch] ?? 0;
  const phone = await SipPhone.open({
    username: number,
    password: "phones-of-acme",
    host: `${NET}.${place}${number.slice(-1)}`,
    server: { host: `${NET}.${place}`, port: 5060 },
  });
  t.after(() => phone.close());
  return phone;
}

/** Status that the caller sees; the callee, if one is meant to ring, answers. */
async function placeCall(from: SipPhone, number: string, to?: SipPhone): Promise<number> {
  const call = await from.call(number);
  if (to !== undefined) {
    (await to.nextCall()).answer();
  }
  const { status } = await call.final;
  if (status === 200) {
    await call.bye();
  }
  return status;
}

const revisionAt = ({ nodes: { branches } }: LiveNode) => branches[0]?.status().topology;
const trunkUp = ({ nodes: { branches } }: LiveNode) =>
  branches[0]?.status().hubs.some(({ state }) => state === "up") === true;

test(
  "apply reaches hub and branches without a restart, and both outlive restarts without any network",
  { skip },
  async (t) => {
    const { file, keyFile, publicKey, write, secret } = await folderOf(t);
    const redis = await startRedis();
    t.after(() => redis.stop());
    const apply = async (...flags: string[]): Promise<void> => {
      const { status, err } = await runProgram(["topology", "apply", file, "--key", keyFile, ...flags], redis.url);
      assert.equal(status, 0, err);
    };
    await Promise.all(["hk", "london", "paris"].map((id) => secret(id, `trunk-of-${id}`)));
    await secret("phones", "phones-of-acme");
    await write([HK, LONDON, PARIS]);
    assert.equal((await runProgram(["cert", file])).status, 0);
    await write([HK, LONDON]);
    await apply();

    let hub = await runNode(t, file, "hub-1", redis.url);
    let hk = await runNode(t, file, "hk");
    let london = await runNode(t, file, "london");
    for (const node of [hk, london]) {
      await node.until(
        "the branch has the first revision and its trunk",
        () => revisionAt(node)?.revision === 1 && trunkUp(node),
      );
    }
    const [alice, bob, carol] = await Promise.all(["1000", "1001", "4000"].map((number) => openPhone(t, number)));
    assert.ok(alice !== undefined && bob !== undefined && carol !== undefined);
    await Promise.all([alice, bob, carol].map((phone) => phone.register()));
    assert.equal(await placeCall(alice, "1001", bob), 200);

    // A rule that the branch itself goes by, while a call is up.
    const talk = await alice.call("4000");
    const talking = await carol.nextCall();
    talking.answer();
    await talk.final;
    const blocked = 'blocked: { quiet: { numbers: ["1001"] } }\n';
    await write([HK, LONDON], blocked);
    await apply();
    await hk.until("the branch goes by revision 2", () => revisionAt(hk)?.revision === 2);
    assert.equal(await placeCall(alice, "1001"), 403);
    assert.equal((await talk.bye()).status, 200, "the call is still up");

    // Somebody who can write to Redis and has no key of this federation.
    const stores = connectRedis({ url: redis.url, federation: "acme", log: silentLog() });
    await stores.start();
    t.after(() => stores.stop());
    await write([HK, LONDON]);
    const loaded = await loadTopology([file]);
    assert.ok(loaded.kind === "ok");
    const stranger = readSigningKey(createSigningKeyPem());
    const forged = await applyTopology({
      store: stores.topology,
      snapshot: toSnapshot(loaded.topology),
      signingKeys: [stranger.publicKey],
      key: stranger,
      author: "mallory",
      message: "",
      force: true,
      now: new Date(),
    });
    assert.equal(forged.kind, "published");

    // A new branch, published over that; hub and branches leave the forged revision out and take this one.
    await write([HK, LONDON, PARIS], blocked);
    await apply("--force");
    await hub.until("the hub goes by revision 4", () => hub.nodes.hubs[0]?.status().plan?.revision === 4);
    await hk.until("the branch goes by revision 4", () => revisionAt(hk)?.revision === 4);
    assert.equal(await placeCall(alice, "1001"), 403);
    const paris = await runNode(t, file, "paris");
    await paris.until(
      "the hub has the secret of the new branch",
      () => trunkUp(paris) && revisionAt(paris)?.revision === 4,
    );
    const dave = await openPhone(t, "5000");
    await dave.register();
    assert.equal(await placeCall(alice, "5000", dave), 200);

    // The secret of a trunk, on both sides.
    const registered = Promise.withResolvers<void>();
    hub.nodes.hubs[0]?.on("trunk", (branch) => void (branch === "hk" && registered.resolve()));
    await secret("hk", "another-trunk-of-hk");
    await registered.promise; // before half of its registration is over only when something has changed
    await hk.until("the trunk is up with the new secret", () => trunkUp(hk));
    assert.equal(await placeCall(alice, "4000", carol), 200);

    // Everything away.
    await redis.kill();
    await hub.stop();
    await hk.stop();
    hk = await runNode(t, file, "hk");
    assert.deepEqual([revisionAt(hk)?.source, revisionAt(hk)?.revision], ["copy", 4]);
    assert.equal(await placeCall(alice, "1001"), 403, "the rule of the topology, not of a file that has changed since");
    await write([HK, LONDON, PARIS]);
    assert.equal(await placeCall(bob, "1000", alice), 200, "a local call");
    hub = await runNode(t, file, "hub-1", redis.url);
    assert.equal(hub.nodes.hubs[0]?.status().plan?.revision, 4);
    await hk.until("the trunk is up again", () => trunkUp(hk));
    await london.stop(); // at once, and not with the refresh of its registration, which the hub has lost with Redis
    london = await runNode(t, file, "london");
    await london.until("the trunk is up again", () => trunkUp(london));
    assert.equal(await placeCall(alice, "4000", carol), 200, "between branches, without Redis");
    await hk.until("the hub says that this is the present revision", () => revisionAt(hk)?.source === "hub");
    assert.ok(publicKey.length > 0);
  },
);
