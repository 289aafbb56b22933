import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { createSigningKeyPem } from "@mss/topology";
import { runProgram } from "./support/run-program.ts";
import type { ProgramResult } from "./support/run-program.ts";

const reason = process.env["MSS_SKIP_REDIS"];
const skip = reason === undefined || reason === "" ? false : reason;

function topologyText(federation: string, hk: string, others: string): string {
  return `
federation: ${federation}
hubs:
  hub-1: { sip: { listen: [udp://127.22.1.1:5060] } }
branches:
  hk: { numbers: [${hk}], sip: { listen: [udp://127.22.1.2:5060] }, trunk: { secret: { env: HK } } }
  ${others}
`;
}

const LONDON = 'london: { numbers: ["4xxx"], sip: { listen: [udp://127.22.1.3:5060] }, trunk: { secret: { env: L } } }';

describe("topology commands on a real Redis", { skip }, () => {
  let redis: RedisServer;
  let directory: string;
  let files = 0;
  before(async () => {
    redis = await startRedis({ password: "s3cret-of-redis" });
    directory = await mkdtemp(path.join(tmpdir(), "mss-cli-"));
  });
  after(async () => {
    await redis.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const mss = (...args: string[]): Promise<ProgramResult> => runProgram(["topology", ...args], redis.url);

  async function fileOf(federation: string, hk: string, others = LONDON): Promise<string> {
    files += 1;
    const file = path.join(directory, `${files}.yaml`);
    await writeFile(file, topologyText(federation, hk, others));
    return file;
  }

  it("applies, shows, tells the history, and rolls back as a new revision", async () => {
    const first = await mss("apply", await fileOf("acme", '"1xxx"'), "-m", "two offices", "--author", "alice");
    assert.equal(first.status, 0, first.err);
    assert.match(first.out, /^\+ 1000–1999: nobody → hk/);
    assert.match(first.out, /\nacme: revision 1 is published\n$/);
    const wider = await fileOf("acme", '"1xxx", "2xxx"');
    const second = await mss("apply", wider, "-m", "Hong Kong grows", "--author", "bob", "--json");
    assert.partialDeepStrictEqual(JSON.parse(second.out), { outcome: "published", revision: 2, replaced: 1 });
    assert.equal((await mss("apply", wider)).out, "acme: revision 2 is this topology already; nothing was changed\n");
    const back = await mss("rollback", "1", wider, "--author", "carol", "--force");
    assert.match(back.out, /^- 2000–2999: hk → nobody.*\n(.*\n)*acme: revision 3 is published, in place of 2\n$/);

    const { out } = await mss("history", "--federation", "acme");
    const [third, , oldest] = out.split("\n");
    assert.match(third ?? "", /^ +3 {2}\S+Z {2}[0-9a-f]{12} {2}carol {2}back to revision 1 \[rollback of 1, forced\]$/);
    assert.match(oldest ?? "", /^ +1 {2}\S+Z {2}[0-9a-f]{12} {2}alice {2}two offices$/);
    const history: unknown = JSON.parse((await mss("history", wider, "--json", "--limit", "2")).out);
    assert.partialDeepStrictEqual(history, [
      { revision: 3, rollbackOf: 1 },
      { revision: 2, author: "bob" },
    ]);
    assert.match((await mss("show", "2", wider)).out, /hub-1 {2}udp.*\n {2}branch {2}hk {2}hk: 1xxx 2xxx\n/);
    const current: unknown = JSON.parse((await mss("show", "current", wider, "--json")).out);
    assert.partialDeepStrictEqual(current, {
      header: { revision: 3 },
      snapshot: { branches: [{ numbers: ["1xxx"] }, {}] },
    });
  });

  it("lets one of two who decided on the same revision win", async () => {
    await mss("apply", await fileOf("race", '"1xxx"'));
    const candidates = await Promise.all(['"1xxx", "2xxx"', '"1xxx", "3xxx"'].map((hk) => fileOf("race", hk)));
    const outcomes = await Promise.all(candidates.map((file) => mss("apply", file, "--expect", "1")));
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([0, 3]));
    assert.match(
      outcomes.find(({ status }) => status === 3)?.err ?? "",
      /somebody else has changed .* revision 2 is in force/,
    );
  });

  it("asks for --force before it takes more than a fifth of the numbers away", async () => {
    await mss("apply", await fileOf("shrink", '"1xxx"'));
    const smaller = await fileOf(
      "shrink",
      '"1xxx"',
      'london: { numbers: ["5xxx"], sip: { listen: [udp://127.22.1.3:5060] }, trunk: { secret: { env: L } } }',
    );
    const refused = await mss("apply", smaller, "--json");
    assert.equal(refused.status, 5);
    assert.partialDeepStrictEqual(JSON.parse(refused.out), {
      outcome: "needs-force",
      diff: { needsForce: "manyNumbers" },
    });
    assert.equal((await mss("apply", smaller, "--force")).status, 0);
  });

  it("numbers above what the branches have seen when the store has lost everything", async () => {
    const file = await fileOf("lost", '"1xxx"');
    assert.match((await mss("apply", file, "--above", "41")).out, /lost: revision 42 is published\n$/);
  });

  it("refuses a faulty file, a revision that is not there and a command without a federation", async () => {
    const faulty = await mss("apply", await fileOf("acme", '"1x1"'));
    assert.equal(faulty.status, 2);
    assert.match(faulty.err, /\.yaml:6:\d+ {2}"1x1"/);
    const missing = await mss("rollback", "77", "--federation", "acme");
    assert.deepEqual(
      [missing.status, missing.err.split(":")[1]],
      [2, " the store has no revision 77 that can be read"],
    );
    assert.equal((await mss("show", "77", "--federation", "acme")).status, 2);
    assert.match((await mss("history")).err, /name the federation/);
    const line = await mss("apply", await fileOf("acme", '"8xxx"'), "-m", "two\nlines");
    assert.equal(line.status, 2);
    assert.match(line.err, /must be one line/);
  });

  it("says that there is no store, that it is away, and that it refuses the password, each with its status", async () => {
    const file = await fileOf("acme", '"9xxx"');
    const none = await runProgram(["topology", "apply", file]);
    assert.equal(none.status, 2);
    assert.match(none.err, /set REDIS_URL/);
    const wrong = await runProgram(["topology", "apply", file, "--json"], redis.url.replace("s3cret", "secret"));
    assert.equal(wrong.status, 2);
    assert.partialDeepStrictEqual(JSON.parse(wrong.out), { outcome: "no-store" });
    assert.doesNotMatch(wrong.out + wrong.err, /secret-of-redis/);
    const away = await startRedis();
    await away.stop();
    const refused = await runProgram(["topology", "rollback", "1", file, "--json"], away.url);
    assert.equal(refused.status, 4);
    assert.partialDeepStrictEqual(JSON.parse(refused.out), { outcome: "unavailable" });
  });

  it("signs with a key file; a federation that signs takes nothing else; the key is told by its id", async () => {
    const keyFile = path.join(directory, "topology.key");
    const made = await runProgram(["key", "create", keyFile]);
    const publicKey = made.out.trim();
    assert.match(publicKey, /^ed25519:[\w-]{43}$/);
    assert.match(made.err, /signing: \{ keys: \[ed25519:/);
    assert.equal((await stat(keyFile)).mode & 0o777, 0o600);
    const again = await runProgram(["key", "create", keyFile]);
    assert.deepEqual([again.status, /never written over/.test(again.err)], [2, true]);
    assert.equal((await runProgram(["key", "show", keyFile])).out, made.out);

    const unsigned = await fileOf("signs", '"1xxx"');
    const open = await mss("apply", unsigned);
    assert.match(open.err, /It is not signed/);
    assert.match((await mss("plan", unsigned)).err, /It is not signed/);
    const needless = await mss("apply", unsigned, "--key", keyFile);
    assert.match(needless.err, /add signing: \{ keys: \[ed25519:/);
    assert.equal(needless.status, 2);

    const signed = await fileOf("signs", '"1xxx", "2xxx"');
    await appendFile(signed, `signing: { keys: [${publicKey}] }\n`);
    assert.match((await mss("plan", signed)).out, /\+ key ed25519:.*\napply must be signed by ed25519:/);
    const without = await mss("apply", signed);
    assert.deepEqual([without.status, /must be signed by ed25519:.* --key FILE/.test(without.err)], [2, true]);
    const id = publicKey.slice(0, 16);
    const published = await mss("apply", signed, "--key", keyFile);
    assert.match(published.out, new RegExp(`revision 2 is published, in place of 1, signed by ${id}\n$`));
    assert.equal(published.err.includes("not signed"), false);
    const { out } = await mss("history", "--federation", "signs");
    assert.match(out.split("\n")[0] ?? "", new RegExp(`\\[signed by ${id}\\]$`));
    assert.match((await mss("show", "2", signed)).out, new RegExp(`key {5}${publicKey} {2}signed this`));
    assert.equal((await mss("rollback", "1", signed, "--force")).status, 2);
    assert.equal((await mss("rollback", "1", signed, "--force", "--key", keyFile)).status, 0);
  });

  it("says what is wrong with a key file", async () => {
    const file = await fileOf("nokey", '"1xxx"');
    assert.match((await mss("apply", file, "--key", path.join(directory, "none"))).err, /mss key create/);
    assert.match((await mss("apply", file, "--key", file)).err, /it is no private key in PEM/);
    const encrypted = path.join(directory, "encrypted.key");
    await writeFile(encrypted, createSigningKeyPem("correct horse"));
    assert.match((await mss("apply", file, "--key", encrypted)).err, /MSS_KEY_PASSPHRASE/);
  });
});
