import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import type { Phone } from "../support/federation.ts";
import { call } from "../support/phones.ts";
import { skipWithoutSipp } from "../support/sipp.ts";

/*
 * `npm run test:install`: what `npm run package` and `mss bundle` make is installed on a clean Debian by the very lines of the
 * bundle's README, and places a call. It is no part of `npm test`: it makes a root with debootstrap, from the network, in
 * minutes. `MSS_INSTALL_ROOT` names one that was made before. There is no systemd in a chroot: the node is started by the
 * ExecStart of the installed unit, as its user, with the environment and the credentials that the unit names.
 */

const ROOT = path.join(import.meta.dirname, "../..");
const NODE = "hk";
const ADDRESS = "127.20.12.2";
const TOPOLOGY = `federation: acme
hubs:
  hub-1: { sip: { listen: [udp://127.20.12.1:5060] } }
branches:
  ${NODE}:
    numbers: ["1xxx"]
    sip: { listen: [udp://${ADDRESS}:5060] }
    http: { listen: ${ADDRESS}:8080 }
    digest: [MD5]
    trunk: { secret: { env: HK_TRUNK_SECRET } }
    extensions: { "1000-1009": { secret: { env: HK_PHONES_SECRET } } }
`;
const PASSWORDS = { HK_TRUNK_SECRET: "the-trunk-of-hong-kong", HK_PHONES_SECRET: "the-phones-of-hong-kong" };
const INSTALL_LIMIT_MS = 1_500_000;

const run = promisify(execFile);

function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) {
    return "only root can make a Debian root and enter it";
  }
  if (process.env["MSS_INSTALL_ROOT"] === undefined && !isInstalled("debootstrap")) {
    return "debootstrap is not installed (Debian package debootstrap)";
  }
  return skipWithoutSipp();
}

function isInstalled(command: string): boolean {
  try {
    execFileSync("which", [command], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test(
  "a bundle installs on a clean Debian by its own three steps, and its phones call each other",
  {
    skip: reasonToSkip(),
    timeout: INSTALL_LIMIT_MS,
  },
  async (t) => {
    const folder = await mkdtemp(path.join(tmpdir(), "mss-install-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const root = await cleanDebian(folder);
    const bundle = await makeBundle(folder);
    await cp(bundle, path.join(root, "srv/bundle"), { recursive: true });

    const steps = stepsOf(await readFile(path.join(bundle, "README.md"), "utf8"));
    for (const commands of steps.slice(0, 2)) {
      await run("chroot", [root, "sh", "-e", "-c", `cd /srv/bundle\n${commands}`]);
    }
    assert.match(steps[2] ?? "", /^systemctl enable --now mss@hk$/m);
    await assertModes(root);

    const { log } = await startByUnit(t, root);
    const health = await fetch(`http://${ADDRESS}:8080/health`);
    assert.equal(health.status, 200, log());
    const phone = (number: string, host: string): Phone => ({
      number,
      address: `127.20.12.${host}`,
      branch: ADDRESS,
      password: PASSWORDS.HK_PHONES_SECRET,
    });
    await call(t, {
      from: phone("1000", "100"),
      to: phone("1001", "101"),
      caller: "uac-answered-hangs-up",
      callee: "uas-answers-and-waits-bye",
    });
    assert.doesNotMatch(log(), /the-(?:trunk|phones)-of-hong-kong/);
    assert.ok((await readdir(path.join(root, "var/lib/mss", NODE))).includes(`${NODE}.sqlite`));
  },
);

/** A root with the required packages of Debian and nothing else. */
async function cleanDebian(folder: string): Promise<string> {
  const root = path.join(folder, "debian");
  const before = process.env["MSS_INSTALL_ROOT"];
  if (before === undefined) {
    await run("debootstrap", ["--variant=minbase", "bookworm", root], { maxBuffer: 64 * 1024 * 1024 });
  } else {
    await run("cp", ["-a", before, root]);
  }
  return root;
}

async function makeBundle(folder: string): Promise<string> {
  const software = path.join(folder, "mss-federation.tar.gz");
  await run(process.execPath, [path.join(ROOT, "deploy/package.mjs"), software]);
  const file = path.join(folder, "acme.yaml");
  await writeFile(file, TOPOLOGY);
  const bundle = path.join(folder, "bundle");
  const args = ["bundle", NODE, "--file", file, "--software", software, "--out", bundle];
  await run(process.execPath, [path.join(ROOT, "packages/cli/bin/mss.mjs"), ...args], {
    env: { ...process.env, ...PASSWORDS },
  });
  return bundle;
}

/** The first block of commands under each numbered heading. */
function stepsOf(readme: string): readonly string[] {
  return readme
    .split(/^## \d\. /m)
    .slice(1)
    .map((section) => /```sh\n([^]*?)```/.exec(section)?.[1] ?? "");
}

async function assertModes(root: string): Promise<void> {
  const secret = await stat(path.join(root, "etc/mss", NODE, "secrets/HK_TRUNK_SECRET"));
  assert.deepEqual([secret.mode & 0o777, secret.uid], [0o600, 0]);
  const topology = await stat(path.join(root, "etc/mss", NODE, "topology.yaml"));
  assert.equal(topology.mode & 0o777, 0o644);
}

interface RunningNode {
  readonly child: ChildProcess;
  /** Everything that it has written so far. */
  readonly log: () => string;
}

/** Does what systemd would do: state and cache directories, credentials, user, environment, then ExecStart. */
async function startByUnit(t: TestContext, root: string): Promise<RunningNode> {
  const unit = await readFile(path.join(root, "etc/systemd/system/mss@.service"), "utf8");
  const dropIn = await readFile(path.join(root, `etc/systemd/system/mss@${NODE}.service.d/bundle.conf`), "utf8");
  const valuesOf = (key: string): readonly string[] =>
    [...`${unit}\n${dropIn}`.matchAll(new RegExp(`^${key}=(.+)$`, "gm"))].map(([, value = ""]) =>
      value.replaceAll("%i", NODE),
    );
  const [user = ""] = valuesOf("User");
  const uid = Number((await run("chroot", [root, "id", "-u", user])).stdout);
  const owned = ["var/lib/mss", "var/cache/mss", "run/credentials"];
  for (const directory of owned) {
    await mkdir(path.join(root, directory), { recursive: true, mode: 0o700 });
    await chown(path.join(root, directory), uid, uid);
  }
  for (const credential of valuesOf("LoadCredential")) {
    const [id = "", source = ""] = credential.split(":");
    const to = path.join(root, "run/credentials", id);
    await cp(path.join(root, source), to);
    await chmod(to, 0o400);
    await chown(to, uid, uid);
  }
  const [command = ""] = valuesOf("ExecStart");
  const environment = [...valuesOf("Environment"), "CREDENTIALS_DIRECTORY=/run/credentials"];
  const args = [
    `--userspec=${user}:${user}`,
    root,
    "env",
    "-i",
    "-C",
    "/var/lib/mss",
    ...environment,
    ...command.split(" "),
  ];
  const child = spawn("chroot", args, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) {
      await once(child, "exit");
    }
  });
  return { child, log: await untilRunning(child) };
}

/** Resolves when the log says that everything is open, HTTP last; rejects when the process ends before. */
async function untilRunning(child: ChildProcess): Promise<() => string> {
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const read = (chunk: Buffer): void => {
    text += chunk.toString();
    if (text.includes('"msg":"http listening"')) {
      resolve();
    }
  };
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  child.once("exit", (code) => reject(new Error(`the node ended with status ${code}:\n${text}`)));
  await promise;
  return () => text;
}
