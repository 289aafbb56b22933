import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";
import { branchSettings, checkCertificates, hubSettings, resolveSecrets } from "@mss/topology";
import type { Fault, Secrets, Topology } from "@mss/topology";
import { GOOD, brief, changed, check, topologyOf } from "./support/documents.ts";

const DAY_MS = 86_400_000;

async function secretsOf(topology: Topology): Promise<Secrets> {
  const env = { HK_TRUNK_SECRET: "trunk-of-hk", HK_1000_SECRET: "alice-of-hk", LONDON_TRUNK_SECRET: "trunk-of-london" };
  const resolved = await resolveSecrets(topology, { env, readFile: async () => "phones-of-hk" });
  assert.ok(resolved.kind === "resolved");
  return resolved.secrets;
}

function defaultsOf(text: string): Readonly<Record<string, readonly string[]>> {
  const { hubs, branches } = topologyOf(text);
  const nodes = [...hubs, ...branches];
  return Object.fromEntries(
    nodes.map(({ id, tls }) => [
      id,
      tls.defaultListen.map(({ transport, host, port }) => `${transport} ${host} ${port}`),
    ]),
  );
}

describe("TLS by default", () => {
  test("is on port 6060 of every address of every node that says nothing of it", () => {
    const { "hub-1": hub, hk } = defaultsOf(
      changed({
        replace: "udp://198.51.100.1:5060",
        by: 'udp://198.51.100.1, udp://198.51.100.3, "udp://[2001:db8::1]"',
      }),
    );
    assert.deepEqual(hub, ["tls 192.0.2.1 6060"]);
    assert.deepEqual(hk, ["tls 198.51.100.1 6060", "tls 198.51.100.3 6060", "tls 2001:db8::1 6060"]);
  });

  test("is on all addresses of a node that listens on all", () => {
    const listen = 'udp://0.0.0.0, tcp://198.51.100.1:5070, "udp://[2001:db8::1]"';
    const { hk } = defaultsOf(changed({ replace: "udp://198.51.100.1:5060", by: listen }));
    assert.deepEqual(hk, ["tls 0.0.0.0 6060", "tls 2001:db8::1 6060"]);
  });

  test("is not there where the node names TLS itself, or does not want it", () => {
    const named = changed({ replace: "udp://198.51.100.1:5060", by: "tls://198.51.100.1:5061, udp://198.51.100.3" });
    assert.deepEqual(defaultsOf(named)["hk"], []);
    assert.equal(topologyOf(named).branches[0]?.listen[0]?.port, 5061);
    const without = changed({ replace: "    extensions:\n", by: "    tls: { listen: false }\n    extensions:\n" });
    assert.deepEqual(defaultsOf(without)["hk"], []);
  });

  test("an address of TLS without a port has 6060", () => {
    const [hub] = topologyOf(changed({ replace: "tcp://192.0.2.1:5060", by: "tls://192.0.2.1" })).hubs;
    assert.deepEqual(hub?.listen[1], { transport: "tls", host: "192.0.2.1", port: 6060 });
  });

  test("of two nodes at one address the first has the port, and what is named goes before what is not", () => {
    const both = changed(
      { replace: "udp://198.51.100.1:5060", by: "udp://198.51.100.2:5070" },
      { replace: "udp://198.51.100.2:5060", by: "tls://198.51.100.2" },
    );
    assert.deepEqual(defaultsOf(both)["hk"], []);
    assert.deepEqual(brief(check(both).warnings), ["8:3 tls-port-taken"]);
  });
});

describe("settings of TLS", () => {
  test("files are beside the topology file, under the node's id, and each may be elsewhere", async () => {
    const by =
      "    tls: { certificate: /etc/letsencrypt/hk.pem, names: [SIP.Example.com., 203.0.113.5] }\n    extensions:\n";
    const topology = topologyOf(changed({ replace: "    extensions:\n", by }));
    const secrets = await secretsOf(topology);
    assert.deepEqual(branchSettings(topology, "hk", secrets).tls, {
      certificate: path.resolve("/etc/letsencrypt/hk.pem"),
      key: path.resolve("/etc/mss/certificates/hk.key"),
      authority: path.resolve("/etc/mss/certificates/authority.crt"),
      defaultListen: [{ transport: "tls", host: "198.51.100.1", port: 6060 }],
    });
    assert.deepEqual(topology.branches[0]?.tls.names, ["sip.example.com", "203.0.113.5"]);
    const elsewhere = topologyOf(
      changed({ replace: "federation: acme", by: "federation: acme\ncertificates: tls/live" }),
    );
    assert.equal(elsewhere.hubs[0]?.tls.certificate, path.resolve("/etc/mss/tls/live/hub-1.crt"));
  });

  test("a branch knows the TLS addresses of its hubs, after those that they name", async () => {
    const topology = topologyOf(changed({ replace: "maxCalls: 30", by: "requireCertificate: true" }));
    const secrets = await secretsOf(topology);
    const { trunk } = branchSettings(topology, "hk", secrets);
    assert.deepEqual(
      trunk.hubs[0]?.addresses.map(({ transport, port }) => `${transport} ${port}`),
      ["udp 5060", "tcp 5060", "tls 6060"],
    );
    assert.equal(trunk.requireCertificate, true);
    const trunks = [...hubSettings(topology, "hub-1", secrets).trunks.values()];
    assert.deepEqual(
      trunks.map(({ requireCertificate }) => requireCertificate),
      [true, undefined],
    );
  });
});

function validity(days: number): { readonly from: Date; readonly to: Date } {
  return { from: new Date(Date.now() - 40 * DAY_MS), to: new Date(Date.now() + days * DAY_MS) };
}

/** A topology file in a folder of its own, with certificates as they are asked for. */
async function withCertificates(
  t: TestContext,
  text: string,
  made: Readonly<Record<string, { readonly name?: string; readonly days?: number }>>,
): Promise<{ readonly topology: Topology; readonly folder: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-topology-"));
  t.after(() => rm(folder, { recursive: true }));
  const authority = await issueAuthority({ federation: "acme", validity: validity(400), keyType: "ec" });
  await writeFile(path.join(folder, "authority.crt"), authority.certificate);
  for (const [id, { name = `${id}.acme`, days = 100 }] of Object.entries(made)) {
    const names = { domains: [name], addresses: [] };
    const issued = await issueNodeCertificate({ authority, names, validity: validity(days), keyType: "ec" });
    await writeFile(path.join(folder, `${id}.crt`), issued.certificate);
    await writeFile(path.join(folder, `${id}.key`), issued.key);
  }
  const withFolder = text.replace("federation: acme", `federation: acme\ncertificates: ${folder}`);
  return { topology: topologyOf(withFolder), folder };
}

const says = (faults: readonly Fault[]): readonly string[] => faults.map(({ message }) => message);

describe("certificates on this machine", () => {
  test("none at all are no fault: TLS begins with a certificate", async (t) => {
    const { topology } = await withCertificates(t, GOOD, {});
    assert.deepEqual(await checkCertificates(topology), { faults: [], warnings: [] });
  });

  test("of a node that names TLS are asked for, by the line that names it", async (t) => {
    const text = changed({ replace: "tcp://192.0.2.1:5060", by: "tls://192.0.2.1:6060" });
    const { topology } = await withCertificates(t, text, { hk: {} });
    const { faults, warnings } = await checkCertificates(topology);
    assert.deepEqual(brief(faults), ["5:43 unusable-certificate"]);
    assert.match(faults[0]?.message ?? "", /^hub-1: the certificate file .*hub-1\.crt does not exist$/);
    assert.match(faults[0]?.advice ?? "", /mss cert/);
    assert.deepEqual(warnings, []);
    assert.deepEqual(await checkCertificates(topology, { node: "hk" }), { faults: [], warnings: [] });
  });

  test("are asked for at both ends of a trunk that wants them", async (t) => {
    const text = changed({ replace: "maxCalls: 30", by: "hubs: [hub-2], requireCertificate: true" });
    const { faults } = await checkCertificates((await withCertificates(t, text, {})).topology);
    assert.deepEqual(
      says(faults).map((message) => message.split(":")[0]),
      ["hub-2", "hk"],
    );
  });

  test("that are only partly there leave a node without TLS, with a warning", async (t) => {
    const { topology, folder } = await withCertificates(t, GOOD, { hk: {} });
    await rm(path.join(folder, "hk.key"));
    const { faults, warnings } = await checkCertificates(topology);
    assert.deepEqual([faults, brief(warnings)], [[], ["9:3 unusable-certificate"]]);
    assert.match(warnings[0]?.message ?? "", /the key file .*hk\.key does not exist, so there is no TLS/);
  });

  test("of another node, expired ones, and ones that soon will be, are warnings", async (t) => {
    const made = { "hub-1": { name: "hub-2.acme" }, "hub-2": { days: 20.5 }, hk: { days: -1 } };
    const { topology } = await withCertificates(t, GOOD, made);
    const { faults, warnings } = await checkCertificates(topology);
    assert.deepEqual(faults, []);
    assert.deepEqual(brief(warnings), ["4:3 certificate-name", "6:3 certificate-expires", "9:3 certificate-expires"]);
    assert.match(says(warnings).join("\n"), /not hold the name hub-1\.acme[^]*expires in 20 days[^]*has expired/);
  });
});
