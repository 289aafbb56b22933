import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Phone } from "../support/federation.ts";
import { call } from "../support/phones.ts";
import { skipWithoutSipp } from "../support/sipp.ts";

const COMMAND = path.join(import.meta.dirname, "../../packages/cli/bin/mss.mjs");
const NET = "127.20.11";
const PASSWORDS: Readonly<Record<string, string>> = {
  HK_TRUNK_SECRET: "the-trunk-of-hong-kong",
  HK_PHONES_SECRET: "the-phones-of-hong-kong",
  LONDON_TRUNK_SECRET: "the-trunk-of-london",
  LONDON_PHONES_SECRET: "the-phones-of-london",
};
const TOPOLOGY = `federation: acme
hubs:
  hub-1: { sip: { listen: [udp://${NET}.1:5060] } }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://${NET}.2:5060] }
    digest: [MD5]
    trunk: { secret: { env: HK_TRUNK_SECRET } }
    extensions: { "1000-1009": { secret: { env: HK_PHONES_SECRET } } }
  london:
    numbers: ["4xxx"]
    sip: { listen: [udp://${NET}.3:5060] }
    digest: [MD5]
    trunk: { secret: { env: LONDON_TRUNK_SECRET } }
    extensions: { "4000-4009": { secret: { env: LONDON_PHONES_SECRET } } }
`;

test(
  "three machines, each with nothing but its bundle: local calls and calls over the hub",
  {
    skip: skipWithoutSipp(),
  },
  async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "mss-bundles-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const file = path.join(folder, "acme.yaml");
    await writeFile(file, TOPOLOGY);
    await Promise.all(["hub-1", "hk", "london"].map((node) => bundle(node, { file, folder })));
    await rm(file); // from here on there are the bundles alone
    await Promise.all([
      running(t, path.join(folder, "hub-1"), "hub-1", /"msg":"link to the sip engine is up"/),
      ...["hk", "london"].map((node) => running(t, path.join(folder, node), node, /"msg":"hub link up"/)),
    ]);
    const hk = (number: string): Phone => phone(number, 2, "HK_PHONES_SECRET");
    const parties = { caller: "uac-answered-hangs-up", callee: "uas-answers-and-waits-bye" } as const;
    await call(t, { from: hk("1000"), to: hk("1001"), ...parties });
    await call(t, { from: hk("1002"), to: phone("4000", 3, "LONDON_PHONES_SECRET"), ...parties });
  },
);

function phone(number: string, branch: number, password: string): Phone {
  const host = 100 + branch * 10 + Number(number.at(-1));
  return { number, address: `${NET}.${host}`, branch: `${NET}.${branch}`, password: PASSWORDS[password] ?? "" };
}

async function bundle(node: string, at: { readonly file: string; readonly folder: string }): Promise<void> {
  const out = path.join(at.folder, node);
  const args = ["bundle", node, "--file", at.file, "--out", out, "--data", path.join(at.folder, `data-${node}`)];
  const child = start(args, at.folder, PASSWORDS);
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await once(child, "close");
  assert.equal(child.exitCode, 0, errors);
}

/** Runs a node in the directory of its bundle, with no other password than those in it. */
async function running(t: TestContext, directory: string, node: string, ready: RegExp): Promise<void> {
  const child = start(["run", "topology.yaml", "--node", node, "--drain-seconds", "0"], directory, {
    CREDENTIALS_DIRECTORY: path.join(directory, "secrets"),
  });
  t.after(async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) {
      await once(child, "close");
    }
  });
  let log = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
    if (ready.test(log)) {
      resolve();
    }
  });
  child.once("close", (code) => reject(new Error(`${node} ended with status ${code}:\n${log}`)));
  await promise;
}

function start(args: readonly string[], cwd: string, environment: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    cwd,
    env: { ...process.env, REDIS_URL: "", DRACHTIO_URL: "", MSS_LOG_LEVEL: "", ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
}
