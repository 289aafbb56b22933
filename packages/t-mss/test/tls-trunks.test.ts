import assert from "node:assert/strict";
import { test } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { BranchId, BranchSettings, HubSettings } from "@mss/model";
import { createLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { certificateFolder, newAuthority } from "./support/certificates.ts";
import type { CertificateFolder, CertificateOptions } from "./support/certificates.ts";
import { branchSettings, openPhone, passwordOf, runBranch, runHub, startFederation } from "./support/federation.ts";
import { HK, HUB_ID, LONDON, hubSettings, trunkSecretOf } from "./support/settings.ts";

type Trunk = Partial<BranchSettings["trunk"]>;

function tlsOf(host: string) {
  return [
    { transport: "udp", host, port: 5060 },
    { transport: "tls", host, port: 6060 },
  ] as const;
}

/** Settings of a branch whose trunk may go over TLS only. */
async function tlsBranch(
  folder: CertificateFolder,
  id: BranchId,
  {
    net,
    trunk = {},
    certificate = {},
  }: { readonly net: string; readonly trunk?: Trunk; readonly certificate?: CertificateOptions },
): Promise<BranchSettings> {
  const usual = branchSettings(id, net);
  const hubs = [{ id: HUB_ID, addresses: [{ transport: "tls" as const, host: `${net}.1`, port: 6060 }] }];
  return {
    ...usual,
    listen: tlsOf(usual.listen[0]?.host ?? ""),
    tls: await folder.issue(id, certificate),
    trunk: { ...usual.trunk, hubs, ...trunk },
  };
}

async function tlsHub(
  folder: CertificateFolder,
  net: string,
  {
    requireCertificate = false,
    certificate = {},
  }: { readonly requireCertificate?: boolean; readonly certificate?: CertificateOptions } = {},
): Promise<HubSettings> {
  const trunks = new Map([HK, LONDON].map((id) => [id, { secret: trunkSecretOf(id), requireCertificate }] as const));
  return hubSettings(`${net}.1`, { listen: tlsOf(`${net}.1`), tls: await folder.issue(HUB_ID, certificate), trunks });
}

interface Line {
  readonly msg: string;
  readonly reason?: string;
  readonly advice?: string;
}

function isLine(value: unknown): value is Line {
  return typeof value === "object" && value !== null && "msg" in value;
}

/** A log whose lines can be looked up and waited for. */
function listeningLog(): { readonly log: Logger; readonly said: (message: string, reason: RegExp) => Promise<Line> } {
  const lines: Line[] = [];
  const looks = new Set<() => void>();
  const write = (text: string): void => {
    const line: unknown = JSON.parse(text);
    if (isLine(line)) {
      lines.push(line);
    }
    looks.forEach((look) => look());
  };
  return {
    log: createLog({ level: "debug", destination: { write } }),
    said(message, reason) {
      const { promise, resolve } = Promise.withResolvers<Line>();
      const look = (): void => {
        const found = lines.find((line) => line.msg === message && reason.test(line.reason ?? ""));
        if (found !== undefined) {
          looks.delete(look);
          resolve(found);
        }
      };
      looks.add(look);
      look();
      return promise;
    },
  };
}

test("a federation whose trunks ask for certificates: calls go both ways, over TLS alone", async (t) => {
  const net = "127.17.160";
  const folder = await certificateFolder(t);
  const trunk = { requireCertificate: true };
  const federation = await startFederation(t, {
    subnet: 160,
    hub: { settings: await tlsHub(folder, net, trunk) },
    branches: {
      hk: await tlsBranch(folder, HK, { net, trunk }),
      london: await tlsBranch(folder, LONDON, { net, trunk }),
    },
  });
  assert.ok(
    federation.hub
      .status()
      .trunks.slice(0, 2)
      .every(({ state }) => state === "up"),
  );
  for (const [from, to] of [
    ["1000", "4000"],
    ["4001", "1001"],
  ] as const) {
    const caller = await openPhone(t, net, from, (Number(from) % 100) + (from.startsWith("1") ? 50 : 150));
    const callee = await openPhone(t, net, to, (Number(to) % 100) + (to.startsWith("1") ? 60 : 160));
    await callee.register();
    const call = await caller.call(to);
    (await callee.nextCall()).answer();
    assert.equal((await call.final).status, 200);
    assert.equal((await call.bye()).status, 200);
  }
  const record = await federation.recordOf(HUB_ID);
  assert.equal(record.result, "answered");
});

test("the hub does not take a branch that shows another branch's certificate, whatever its password", async (t) => {
  const net = "127.17.161";
  const folder = await certificateFolder(t);
  const { log, said } = listeningLog();
  await runHub(t, { settings: await tlsHub(folder, net), log });
  const thief = await runBranch(t, await tlsBranch(folder, HK, { net, certificate: { name: "london.acme" } }));
  const line = await said("request with a branch's password is refused", /certificate is that of somebody else/);
  assert.match(line.advice ?? "", /mss cert/);
  assert.equal(thief.status().hubs[0]?.state, "down");
});

test("without a certificate the password is enough, unless the trunk asks for one", async (t) => {
  const folder = await certificateFolder(t);
  for (const [net, requireCertificate, status] of [
    ["127.17.162", false, 200],
    ["127.17.163", true, 403],
  ] as const) {
    const { log, said } = listeningLog();
    await runHub(t, { settings: await tlsHub(folder, net, { requireCertificate }), log });
    for (const port of [6060, 5060]) {
      const branch = await SipPhone.open({
        username: HK,
        password: trunkSecretOf(HK),
        host: `${net}.2`,
        server: { host: `${net}.1`, port },
        ...(port === 6060 ? { tls: { ca: folder.authority.certificate, checkServerIdentity: () => undefined } } : {}),
      });
      t.after(() => branch.close());
      const aor = `<sip:${HK}@acme>`;
      const response = await branch.register({ to: aor, from: `${aor};tag=${port}` });
      assert.equal(response.status, status, `${requireCertificate} ${port}`);
    }
    if (requireCertificate) {
      await said("request with a branch's password is refused", /shows no certificate/);
    }
  }
});

test("CH-21: expired, of another authority, of another name: no handshake, and the log of the hub or branch says why", async (t) => {
  const folder = await certificateFolder(t);
  const stranger = await newAuthority();
  const wrong = [
    ["127.17.164", { days: -1 }, /has expired/],
    ["127.17.165", { authority: stranger }, /authority that is not believed/],
  ] as const;
  for (const [net, certificate, reason] of wrong) {
    const hubLog = listeningLog();
    await runHub(t, { settings: await tlsHub(folder, net), log: hubLog.log });
    const branch = await runBranch(t, await tlsBranch(folder, HK, { net, certificate }));
    await hubLog.said("tls handshake failed", reason);
    assert.equal(branch.status().hubs[0]?.state, "down");
  }
  for (const [net, certificate, reason] of [
    ...wrong.map(([, ...rest], index) => [`127.17.${166 + index}`, ...rest] as const),
    ["127.17.168", { name: "hub-2.acme" }, /that of somebody else/] as const,
  ]) {
    const branchLog = listeningLog();
    await runHub(t, { settings: await tlsHub(folder, net, { certificate }) });
    const settings = await tlsBranch(folder, HK, { net });
    const branch = await runBranch(t, settings, undefined, { log: branchLog.log });
    const line = await branchLog.said("tls handshake failed", reason);
    assert.notEqual(line.advice, undefined);
    assert.equal(branch.status().hubs[0]?.state, "down");
    // calls within the branch never ask the hub
    const phone = await openPhone(t, net, "1000", 50);
    const other = await openPhone(t, net, "1001", 51);
    await other.register();
    const call = await phone.call("1001");
    (await other.nextCall()).answer();
    assert.equal((await call.final).status, 200);
    await call.bye();
  }
});

test("phones on TLS without a certificate, or with one of their maker, are served on the port of the trunk", async (t) => {
  const net = "127.17.169";
  const folder = await certificateFolder(t);
  const maker = await newAuthority();
  const addresses = [`${net}.2`];
  await runHub(t, { settings: await tlsHub(folder, net) });
  await runBranch(t, await tlsBranch(folder, HK, { net, certificate: { addresses } }));
  const made = await folder.pairOf("phone.maker", { authority: maker });
  const open = (number: string, tls: object): Promise<SipPhone> =>
    SipPhone.open({
      username: number,
      password: passwordOf(number),
      host: `${net}.${number === "1000" ? 50 : 51}`,
      server: { host: `${net}.2`, port: 6060 },
      tls: { ca: folder.authority.certificate, ...tls },
    });
  const alice = await open("1000", {});
  const bob = await open("1001", { cert: made.certificate, key: made.key });
  t.after(() => Promise.all([alice.close(), bob.close()]));
  assert.equal((await bob.register()).status, 200);
  const call = await alice.call("1001");
  const incoming = await bob.nextCall();
  assert.match(incoming.request.headers.get("Contact") ?? "", /transport=tls/);
  incoming.answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await call.bye()).status, 200);
});

test("SEC-15: a call to a sips URI is TLS from phone to phone, or it does not come about", async (t) => {
  const net = "127.17.171";
  const folder = await certificateFolder(t);
  await startFederation(t, {
    subnet: 171,
    hub: { settings: await tlsHub(folder, net) },
    branches: { hk: await tlsBranch(folder, HK, { net }), london: await tlsBranch(folder, LONDON, { net }) },
  });
  const open = async (number: string, branch: number, place: number, scheme: "sip" | "sips"): Promise<SipPhone> => {
    const phone = await SipPhone.open({
      username: number,
      password: passwordOf(number),
      host: `${net}.${place}`,
      server: { host: `${net}.${branch}`, port: 6060 },
      tls: { ca: folder.authority.certificate, checkServerIdentity: () => undefined },
      scheme,
    });
    t.after(() => phone.close());
    return phone;
  };
  const alice = await open("1000", 2, 50, "sips");
  const carol = await open("4000", 3, 150, "sip");
  await carol.register();
  const call = await alice.call("4000");
  const incoming = await carol.nextCall();
  assert.match(incoming.request.uri, /^sips:4000@/);
  assert.match(incoming.request.headers.get("Contact") ?? "", /<sips:/);
  incoming.answer();
  assert.equal((await call.final).status, 200);
  assert.match((await call.final).headers.get("Contact") ?? "", /<sips:/);
  assert.equal((await call.bye()).status, 200);
  const dave = await openPhone(t, net, "4001", 151);
  await dave.register();
  assert.equal((await (await alice.call("4001")).final).status, 480);
  assert.equal(dave.unread("INVITE"), 0);
});

test("CH-22: certificates of all nodes are renewed while calls come and go: none is lost, old connections stay", async (t) => {
  const net = "127.17.170";
  const folder = await certificateFolder(t);
  const federation = await startFederation(t, {
    subnet: 170,
    hub: { settings: await tlsHub(folder, net, { requireCertificate: true }) },
    branches: {
      hk: await tlsBranch(folder, HK, { net, trunk: { requireCertificate: true } }),
      london: await tlsBranch(folder, LONDON, { net, trunk: { requireCertificate: true } }),
    },
  });
  const caller = await openPhone(t, net, "1000", 50);
  const callee = await openPhone(t, net, "4000", 150);
  await callee.register();
  const long = await caller.call("4000");
  (await callee.nextCall()).answer();
  assert.equal((await long.final).status, 200);
  const nodes = [federation.hub, federation.hk, federation.london];
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([HUB_ID, HK, LONDON].map((id) => folder.issue(id)));
    const call = await caller.call("4000");
    const [, incoming] = await Promise.all([
      Promise.all(nodes.map((node) => node.reloadCertificate())),
      callee.nextCall(),
    ]);
    incoming.answer();
    assert.equal((await call.final).status, 200);
    assert.equal((await call.bye()).status, 200);
  }
  assert.equal((await long.send("INFO")).status, 200, "the call from before the renewals is still up");
  assert.equal((await long.bye()).status, 200);
});
