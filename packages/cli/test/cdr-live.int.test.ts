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
import { runNode } from "./support/live-node.ts";
import { runProgram } from "./support/run-program.ts";

const reason = process.env["MSS_SKIP_REDIS"];
const skip = reason === undefined || reason === "" ? false : reason;

const NET = "127.22.31";

function branchText(id: string, first: number, place: number): string {
  return `  ${id}:
    numbers: ["${first}xxx"]
    sip: { listen: [udp://${NET}.${place}:5060] }
    trunk: { secret: trunk-of-${id}-is-long }
    extensions: { "${first}000-${first}003": { secret: phones-of-acme } }
`;
}

async function fileOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-cdr-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "acme.yaml");
  await writeFile(
    file,
    `federation: acme
demo: true
hubs:
  hub-1:
    sip: { listen: [udp://${NET}.1:5060] }
    api: { listen: ${NET}.1:8443 }
branches:
${branchText("hk", 1, 2)}${branchText("london", 4, 3)}`,
  );
  return file;
}

async function openPhone(t: TestContext, number: string, place: number): Promise<SipPhone> {
  const server = { host: `${NET}.${number.startsWith("1") ? 2 : 3}`, port: 5060 };
  const host = `${NET}.${place}`;
  const phone = await SipPhone.open({ username: number, password: "phones-of-acme", host, server });
  t.after(() => phone.close());
  await phone.register();
  return phone;
}

async function talk(from: SipPhone, number: string, to: SipPhone): Promise<void> {
  const call = await from.call(number);
  (await to.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
}

test(
  "a call between branches is seen at three nodes under one id; records survive hubs and a Redis that were away or emptied",
  { skip },
  async (t) => {
    const file = await fileOf(t);
    const redis = await startRedis();
    t.after(() => redis.stop());
    assert.equal((await runProgram(["cert", file])).status, 0);
    let hub = await runNode(t, file, "hub-1", redis.url);
    const hk = await runNode(t, file, "hk");
    let london = await runNode(t, file, "london");
    const trunksUp = () =>
      hk.until("the trunks are up", () =>
        [hk, london].every(({ nodes }) => nodes.branches[0]?.status().hubs[0]?.state === "up"),
      );
    await trunksUp();
    const alice = await openPhone(t, "1000", 10);
    const bob = await openPhone(t, "1001", 11);
    const carol = await openPhone(t, "4000", 12);

    const cdr = async (...flags: string[]): Promise<readonly unknown[]> => {
      const { out, err } = await runProgram(["cdr", file, "--format", "json", ...flags], redis.url);
      assert.equal(err, "");
      return out
        .split("\n")
        .filter((line) => line !== "")
        .map((line): unknown => JSON.parse(line));
    };
    const stores = connectRedis({ url: redis.url, federation: "acme", log: silentLog() });
    await stores.start();
    t.after(() => stores.stop());
    const untilThereAre = async (count: number): Promise<void> => {
      while ((await stores.callRecords.latest(99)).length < count) {
        await new Promise((resolve) => setTimeout(resolve, 50)); // nothing tells of it here
      }
    };

    await talk(alice, "4000", carol);
    await untilThereAre(3);
    const joined = await cdr("--joined");
    assert.equal(joined.length, 1);
    assert.partialDeepStrictEqual(joined[0], {
      from: "1000",
      to: "4000",
      origin: "extension:1000",
      target: "extension:4000",
      nodes: ["hk", "hub-1", "london"],
      result: "answered",
    });

    await hub.stop();
    await talk(alice, "1001", bob); // while nobody takes its record
    await redis.flush();
    hub = await runNode(t, file, "hub-1", redis.url);
    await london.stop();
    london = await runNode(t, file, "london"); // asks at once what the store has, and not within a minute
    await trunksUp();
    await untilThereAre(4); // the new one, and those that were lost with the store
    assert.equal((await cdr()).length, 4);
    assert.partialDeepStrictEqual(await cdr("--number", "1001"), [{ node: "hk", to: "1001", result: "answered" }]);

    const records = path.join(path.dirname(file), "calls.json");
    const exported = await runProgram(["cdr", file, "--format", "json", "--joined"], redis.url);
    await writeFile(records, exported.out);
    const plan = await runProgram(["topology", "plan", file, "--against", file, "--replay", records]);
    assert.match(plan.out, /0 of 2 past calls would go elsewhere/);
  },
);
