import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { skipWithoutBaresip, startBaresip } from "../support/baresip.ts";
import { waitUntil } from "../support/wait-until.ts";

const MAIN = path.join(import.meta.dirname, "../../packages/cli/src/main.ts");
const NET = "127.20.11";
const TLS_PORT = 6060;
const START_LIMIT_MS = 40_000; // three nodes in a process of its own, on a machine that has other tests to run

/** As an administrator writes it: no word of TLS for the phones, and trunks that ask for certificates. */
const TOPOLOGY = `
federation: acme
demo: true
hubs:
  hub-1: { sip: { listen: [udp://${NET}.1:5060] }, http: { listen: ${NET}.1:8080 } }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://${NET}.2:5060] }
    digest: [MD5]
    trunk: { secret: trunk-of-hk-secret, requireCertificate: true }
    extensions: { "1000": { secret: phone-1000 } }
  london:
    numbers: ["4xxx"]
    sip: { listen: [udp://${NET}.3:5060] }
    digest: [MD5]
    trunk: { secret: trunk-of-london-secret, requireCertificate: true }
    extensions: { "4000": { secret: phone-4000 } }
`;

/** The `mss` command as a user has it, with nothing of the settings of these tests. */
function environment(): NodeJS.ProcessEnv {
  const { REDIS_URL: _redis, DRACHTIO_URL: _drachtio, ...rest } = process.env;
  return rest;
}

async function runFederation(t: TestContext): Promise<{ readonly authority: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-baresip-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "acme.yaml");
  await writeFile(file, TOPOLOGY);
  await promisify(execFile)(process.execPath, [MAIN, "cert", file], { env: environment() });
  const child = spawn(process.execPath, [MAIN, "run", file, "--drain-seconds", "1"], {
    env: environment(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  await waitUntil("both trunks are up", async () => (await hub("/health")).includes('"trunksUp":2'), START_LIMIT_MS);
  return { authority: path.join(folder, "certificates", "authority.crt") };
}

async function hub(view: string): Promise<string> {
  try {
    return await (await fetch(`http://${NET}.1:8080${view}`)).text();
  } catch {
    return ""; // it does not listen yet
  }
}

const skip = skipWithoutBaresip();

test(
  "baresip over TLS with the authority of mss cert: it registers, writes transport=tls twice, calls across the hub",
  { skip },
  async (t) => {
    const { authority } = await runFederation(t);
    const phone = (number: string, place: number, branch: number) => ({
      number,
      password: `phone-${number}`,
      address: `${NET}.${place}`,
      branch: `${NET}.${branch}`,
      tls: { authority, port: TLS_PORT },
    });
    const [alice, carol] = [phone("1000", 50, 2), phone("4000", 51, 3)];
    const callee = await startBaresip(t, carol);
    await callee.wrote(/200 OK \(\) \[1 binding\]/);
    const dialled = `sip:${carol.number}@${alice.branch}:${TLS_PORT};transport=tls`;
    const caller = await startBaresip(t, alice, dialled);
    await Promise.all([caller, callee].map((each) => each.wrote(/incoming rtp for 'audio' established/)));
    assert.match(caller.output(), /connecting to 'sip:4000@[^']*;transport=tls;transport=tls'/);
    assert.match(await hub("/calls"), /"from":"1000","to":"4000"/);
    const sip: unknown = JSON.parse(await hub("/sip"));
    assert.partialDeepStrictEqual(sip, { dialogs: 2, transport: { droppedMalformed: 0 } });
    await caller.quit(); // hangs up first
    await waitUntil("no call is left at the hub", async () => (await hub("/calls")) === "[]");
  },
);
