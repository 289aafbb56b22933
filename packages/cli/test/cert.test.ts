import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { connect } from "node:tls";
import { once } from "node:events";
import { startMss } from "./support/run-mss.ts";
import { runProgram } from "./support/run-program.ts";
import type { ProgramResult } from "./support/run-program.ts";

const TOPOLOGY = `
federation: Acme
hubs:
  hub-1:
    sip: { listen: [udp://127.22.9.1:5060] }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://127.22.9.2:5060] }
    externalAddress: 203.0.113.5
    tls: { names: [sip.example.com] }
    trunk: { secret: { env: HK_TRUNK_SECRET } }
`;

interface Workplace {
  readonly topology: string;
  readonly path: (name: string) => string;
  readonly cert: (...args: readonly string[]) => Promise<ProgramResult>;
  readonly serialOf: (name: string) => Promise<string>;
}

async function workplace(t: TestContext, text = TOPOLOGY): Promise<Workplace> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-cert-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const topology = path.join(folder, "acme.yaml");
  await writeFile(topology, text);
  const inside = (name: string): string => path.join(folder, "certificates", name);
  return {
    topology,
    path: inside,
    cert: (...args) => runProgram(["cert", topology, ...args]),
    serialOf: async (name) => new X509Certificate(await readFile(inside(name))).serialNumber,
  };
}

test("one command: an authority and a certificate for every node, keys for nobody else's eyes", async (t) => {
  const { cert, path: file } = await workplace(t);
  const { status, out, err } = await cert();
  assert.equal(status, 0, err);
  assert.match(
    out,
    /^authority +Acme authority \w+ +made +until \d{4}-\d\d-\d\d, 3650 days\nhub-1 +hub-1\.acme +made .* 730 days\nhk /,
  );
  assert.match(err, /authority\.key stays here/);
  for (const name of ["authority", "hub-1", "hk"]) {
    assert.equal((await stat(file(`${name}.key`))).mode & 0o777, 0o600, name);
    assert.equal((await stat(file(`${name}.crt`))).mode & 0o777, 0o644, name);
  }
  const names = new X509Certificate(await readFile(file("hk.crt"))).subjectAltName ?? "";
  assert.match(names, /DNS:hk\.acme, DNS:sip\.example\.com, URI:sip:hk\.acme/);
  assert.match(names, /IP Address:127\.22\.9\.2, IP Address:203\.0\.113\.5/);
});

test("what is there is kept, what is missing is made, --force makes it again, --node chooses", async (t) => {
  const { cert, serialOf, path: file } = await workplace(t);
  await cert("--node", "hk");
  await assert.rejects(stat(file("hub-1.crt")));
  const first = await serialOf("hk.crt");
  const again = await cert();
  assert.equal(again.status, 0);
  assert.match(again.out, /hub-1 .* made [^]*hk .* kept/);
  assert.equal(await serialOf("hk.crt"), first);
  const forced = await cert("--node", "hk", "--force", "--days", "20", "--key-type", "rsa");
  assert.match(forced.out, /hk .* renewed until .* 20 days/);
  assert.notEqual(await serialOf("hk.crt"), first);
  assert.equal(new X509Certificate(await readFile(file("hk.crt"))).publicKey.asymmetricKeyType, "rsa");
});

test("--check tells the days that are left and writes nothing; --renew does what it asks for", async (t) => {
  const { cert, serialOf, topology } = await workplace(t);
  const nothing = await cert("--check");
  assert.equal(nothing.status, 1);
  assert.match(nothing.out, /authority +missing\n.*without --check\nhub-1 .*missing/);
  await cert("--days", "20", "--node", "hk");
  await cert();
  const before = await serialOf("hub-1.crt");
  const soon = await cert("--check");
  assert.equal(soon.status, 1);
  assert.match(
    soon.out,
    /hub-1 .* kept .* 730 days\nhk .* unfit .* 20 days\n.*hk\.crt: it expires soon: renew it with --renew/,
  );
  assert.equal((await cert()).status, 1, "without --renew it says so and leaves it alone");
  assert.match((await cert("--renew")).out, /hub-1 .* kept [^]*hk .* renewed .* 730 days/);
  assert.equal(await serialOf("hub-1.crt"), before);
  assert.equal((await cert("--check")).status, 0);
  await writeFile(topology, TOPOLOGY.replace("127.22.9.2", "127.22.9.3"));
  const moved = await cert("--check", "--json");
  const rows: unknown = JSON.parse(moved.out);
  assert.ok(Array.isArray(rows) && rows.length === 3);
  assert.match(moved.out, /does not hold 127\.22\.9\.3: renew it with --renew/);
  assert.equal((await cert("--renew")).status, 0);
});

test("a new authority is believed beside the old one, and issues from then on", async (t) => {
  const { cert, path: file } = await workplace(t);
  await cert();
  const old = await readFile(file("authority.crt"), "utf8");
  const { status, err } = await cert("--new-authority");
  assert.equal(status, 0);
  assert.match(err, /both authorities are believed then/);
  const both = await readFile(file("authority.crt"), "utf8");
  assert.ok(both.endsWith(old) && both.length > old.length);
  assert.match((await cert("--check")).out, /hub-1 .* kept/);
  await cert("--force");
  const issuer = new X509Certificate(both);
  assert.ok(new X509Certificate(await readFile(file("hk.crt"))).checkIssued(issuer));
});

test("what cannot be done is one line that says why, and touches nothing", async (t) => {
  const { cert, path: file } = await workplace(t);
  await cert("--node", "hub-1");
  const key = await readFile(file("authority.key"));
  await rm(file("authority.key"));
  const elsewhere = await cert();
  assert.equal(elsewhere.status, 1);
  assert.match(elsewhere.err, /authority's key is not on this machine: .*CERT_AUTHORITY_ELSEWHERE\]\n$/);
  assert.match((await cert("--check")).out, /hub-1 .* kept/);
  await writeFile(file("authority.key"), await readFile(file("hub-1.key")));
  assert.match((await cert()).err, /is not the key of the certificate.*CERT_AUTHORITY_INVALID/);
  await writeFile(file("authority.key"), key);
  await rm(file("hub-1.key"));
  const half = await cert();
  assert.equal(half.status, 1);
  assert.match(half.out, /hub-1\.key is missing: make it again with --force/);
  assert.equal((await cert("--force")).status, 0);
  assert.equal((await cert("--node", "hk", "--node", "paris")).status, 2);
  assert.equal((await cert("--days", "0")).status, 2);
  assert.equal((await runProgram(["cert", "no-such-file.yaml"])).status, 2);
});

test("a certificate that somebody else has issued is never made again by --renew", async (t) => {
  const { cert, path: file, serialOf } = await workplace(t);
  const other = await workplace(t);
  await cert();
  await other.cert("--days", "10");
  for (const name of ["hk.crt", "hk.key"]) {
    await writeFile(file(name), await readFile(other.path(name)));
  }
  const before = await serialOf("hk.crt");
  const { status, out } = await cert("--renew");
  assert.deepEqual([status, await serialOf("hk.crt")], [1, before]);
  assert.match(out, /not of this authority: renew it there, or replace it with --force/);
});

const ENVIRONMENT = { HK_TRUNK_SECRET: "trunk-of-hong-kong" };

async function serialAt(host: string): Promise<string | undefined> {
  const socket = connect({ host, port: 6060, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const serial = socket.getPeerX509Certificate()?.serialNumber;
  socket.destroy();
  return serial;
}

test("after that one command a node speaks TLS, and takes a renewed certificate into use at SIGHUP", async (t) => {
  const { cert, topology, serialOf } = await workplace(t);
  const without = startMss(["run", topology, "--node", "hk"], ENVIRONMENT);
  await without.wrote(/"msg":"no TLS without a certificate"/);
  await without.wrote(/"msg":"sip engine listening"/);
  without.child.kill("SIGTERM");
  assert.equal((await without.finished).status, 0);
  await cert();
  const node = startMss(["run", topology, "--node", "hk"], ENVIRONMENT);
  t.after(() => node.child.kill("SIGKILL"));
  await node.wrote(/"msg":"sip engine listening"/);
  assert.equal(await serialAt("127.22.9.2"), await serialOf("hk.crt"));
  await node.wrote(/"msg":"hub link down"/); // the start is over: signals are listened for
  await cert("--node", "hk", "--force");
  node.child.kill("SIGHUP");
  await node.wrote(/"msg":"certificate renewed"/);
  assert.equal(await serialAt("127.22.9.2"), await serialOf("hk.crt"));
  node.child.kill("SIGTERM");
  assert.equal((await node.finished).status, 0);
});

test("a node that names TLS does not start without a certificate: status 2, with the line and what to do", async (t) => {
  const { topology } = await workplace(t, TOPOLOGY.replace("udp://127.22.9.2:5060", "tls://127.22.9.2"));
  const { status, err } = await startMss(["run", topology, "--node", "hk"], ENVIRONMENT).finished;
  assert.equal(status, 2);
  assert.match(err, /acme\.yaml:9:21 {2}hk: the certificate file .*hk\.crt does not exist — make it with mss cert/);
});
