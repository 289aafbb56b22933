import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { BranchSettings, CallRecord } from "@mss/model";
import type { RunningBranch } from "@mss/l-mss";
import { branchSettings as settingsOf } from "@mss/topology";
import { certificateFolder } from "./support/certificates.ts";
import type { CertificateFolder } from "./support/certificates.ts";
import { openPhone, passwordOf, runBranch, runHub, trunkUp } from "./support/federation.ts";
import { HUB_ID, hubSettings, snapshotOf, trunkSecretOf, HK, LONDON } from "./support/settings.ts";
import { topologyOf } from "./support/topology.ts";

function phones(...numbers: readonly string[]): string {
  return numbers.map((number) => `"${number}": { name: Phone ${number}, secret: ${passwordOf(number)} }`).join(", ");
}

/** Hong Kong and London call each other straight, Paris does not; 4002 is blocked for all, and 8000 leads to London. */
function federationText(net: string): string {
  const branch = (id: string, place: number, rest: string): string => `
  ${id}:
    sip: { listen: [udp://${net}.${place}:5060] }
    trunk: { secret: trunk-secret-of-${id} }
    digest: [MD5]
    emergency: { numbers: [] }
${rest}`;
  return `
federation: acme
demo: true
hubs: { hub-1: { sip: { listen: [udp://${net}.1:5060] } } }
branches:
${branch("hk", 2, `    numbers: ["1xxx"]\n    direct: true\n    extensions: { ${phones("1000", "1001")} }`)}
${branch("london", 3, `    numbers: ["4xxx"]\n    direct: true\n    extensions: { ${phones("4000", "4001", "4002")} }`)}
${branch("paris", 4, `    numbers: ["5xxx"]\n    extensions: { ${phones("5000")} }`)}
routes: { support: { numbers: ["8000"], to: [{ number: "4001" }] } }
blocked: { quiet: { numbers: ["4002"], from: [hk] } }
`;
}

interface Branches {
  readonly net: string;
  readonly folder: CertificateFolder;
  readonly hk: RunningBranch;
  readonly london: RunningBranch;
  readonly records: readonly CallRecord[];
}

async function startBranches(
  t: TestContext,
  net: string,
  before: (settings: BranchSettings) => BranchSettings = (settings) => settings,
): Promise<Branches> {
  const { topology, secrets } = await topologyOf(federationText(net));
  const folder = await certificateFolder(t);
  const records: CallRecord[] = [];
  const run = async (id: string): Promise<RunningBranch> => {
    const settings = settingsOf(topology, id, secrets);
    const { defaultListen } = settings.tls ?? { defaultListen: [] };
    const tls = { ...(await folder.issue(id)), defaultListen };
    return runBranch(t, before({ ...settings, tls }), (record) => void records.push(record));
  };
  const [hk, london] = await Promise.all([run("hk"), run("london")]);
  return { net, folder, hk, london, records };
}

/** Somebody at London's TLS port who shows the certificate of that name. */
async function peerOf(t: TestContext, { folder, net }: Branches, name: string): Promise<SipPhone> {
  const { certificate: cert, key } = await folder.pairOf(name);
  const peer = await SipPhone.open({
    username: "1000",
    password: "none",
    host: `${net}.2`,
    server: { host: `${net}.3`, port: 6060 },
    tls: { ca: folder.authority.certificate, checkServerIdentity: () => undefined, cert, key },
  });
  t.after(() => peer.close());
  return peer;
}

async function statusOf(peer: SipPhone, number: string, from?: string): Promise<number> {
  const fields = from === undefined ? {} : { from: `<sip:${from}@acme>;tag=x` };
  return (await (await peer.call(number, fields)).final).status;
}

test("CH-29: with all hubs away branches call each other straight, over TLS, and the call has one id", async (t) => {
  const branches = await startBranches(t, "127.17.180");
  const { net, records } = branches;
  const alice = await openPhone(t, net, "1000", 50);
  const carol = await openPhone(t, net, "4000", 150);
  const dave = await openPhone(t, net, "4001", 151);
  await Promise.all([carol.register(), dave.register()]);
  for (const [dialled, callee, number] of [
    ["4000", carol, "4000"],
    ["8000", dave, "4001"],
  ] as const) {
    const call = await alice.call(dialled);
    const incoming = await callee.nextCall();
    assert.match(incoming.request.headers.get("From") ?? "", /"Phone 1000" <sip:1000@/);
    incoming.answer();
    assert.equal((await call.final).status, 200);
    assert.equal((await call.send("INFO")).status, 200);
    assert.equal((await incoming.bye()).status, 200);
    await alice.next("BYE");
    const [atHk, atLondon] = ["hk", "london"].map((node) => records.findLast((record) => record.node === node));
    assert.deepEqual(
      [atHk?.result, atHk?.target, atLondon?.origin, atLondon?.to, atLondon?.target],
      ["answered", "branch:london", "branch:hk", number, `extension:${number}`],
    );
    assert.equal(atHk?.sessionId, atLondon?.sessionId);
  }
});

test("a hub that says nothing to a call is passed over, for the branch itself", async (t) => {
  const net = "127.17.185";
  const hub = await SipPhone.open({
    username: HUB_ID,
    password: "none",
    host: `${net}.1`,
    port: 5060,
    server: { host: `${net}.2`, port: 5060 },
  });
  t.after(() => hub.close());
  hub.answerTo = ({ method, headers }) => ({
    status: 200,
    headers: method === "REGISTER" ? [{ name: "Contact", value: `${headers.get("Contact") ?? ""};expires=60` }] : [],
  });
  const { hk, records } = await startBranches(t, net);
  await trunkUp(hk);
  const alice = await openPhone(t, net, "1000", 50);
  const carol = await openPhone(t, net, "4000", 150);
  await carol.register();
  const call = await alice.call("4000");
  (await carol.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await call.bye()).status, 200);
  assert.ok(hub.unread("INVITE") > 0, "the hub was asked");
  assert.equal(records.find(({ node }) => node === "hk")?.target, "branch:london");
});

test("a branch that does not take such calls is not called, and what a callee says is final", async (t) => {
  const { net, hk, london, records } = await startBranches(t, "127.17.181");
  const alice = await openPhone(t, net, "1000", 50);
  const carol = await openPhone(t, net, "4000", 150);
  await carol.register();
  const unreachable = await (await alice.call("5000")).final;
  assert.equal(unreachable.status, 503);
  assert.match(
    unreachable.headers.get("Reason") ?? "",
    /^Q\.850;cause=38;.*, SIP;cause=503;text="hub:hub-1 PEER_AWAY"$/,
  );
  const call = await alice.call("4000");
  (await carol.nextCall()).refuse(486);
  assert.equal((await call.final).status, 486);
  assert.equal(carol.unread("INVITE"), 0);
  assert.equal((await (await alice.call("4001")).final).status, 480, "no phone of it is registered");
  assert.equal((await (await alice.call("4002")).final).status, 403, "blocked at the own branch");
  assert.equal(hk.status().hubs[0]?.state, "down");
  await london.stop();
  const nobody = await (await alice.call("4000")).final;
  assert.equal(nobody.status, 503);
  assert.match(nobody.headers.get("Reason") ?? "", /text="hub:hub-1 PEER_AWAY, branch:london TARGET_[A-Z]+"$/);
  const record = records.findLast(({ node }) => node === "hk");
  assert.deepEqual(
    record?.tried?.map(({ route }) => route),
    ["hub:hub-1", "branch:london"],
  );
});

test("SEC-06: who calls straight is known by the certificate alone, and may do no more than through a hub", async (t) => {
  const branches = await startBranches(t, "127.17.182");
  const { net } = branches;
  const carol = await openPhone(t, net, "4000", 150);
  await carol.register();
  const hk = await peerOf(t, branches, "hk.acme");
  assert.equal(await statusOf(hk, "4002"), 403, "blocked for calls from hk");
  assert.equal(await statusOf(hk, "4000", "4001"), 403, "a number of another branch");
  assert.equal(await statusOf(hk, "4000", "6666"), 403, "a number that nobody has");
  assert.equal(await statusOf(hk, "5000"), 404, "it goes on to nobody else");
  assert.equal(await statusOf(hk, "1001"), 404);
  assert.equal(await statusOf(hk, "4999"), 404);
  for (const name of ["paris.acme", "phone.maker", "hk.other", "london.acme", "hub-1.acme"]) {
    const stranger = await peerOf(t, branches, name);
    assert.equal(await statusOf(stranger, "4000"), 407, name);
  }
  assert.equal(carol.unread("INVITE"), 0);
  const call = await hk.call("4000");
  (await carol.nextCall()).refuse(603);
  assert.equal((await call.final).status, 603);
});

test("a call that a hub has brought already does not ring twice when its branch comes with it straight", async (t) => {
  const branches = await startBranches(t, "127.17.183");
  const { net } = branches;
  const carol = await openPhone(t, net, "4000", 150);
  await carol.register();
  const hub = await SipPhone.open({
    username: HUB_ID,
    password: trunkSecretOf(LONDON),
    number: "1000",
    host: `${net}.1`,
    server: { host: `${net}.3`, port: 5060 },
  });
  t.after(() => hub.close());
  const sessionId = `${"ab".repeat(16)};remote=${"0".repeat(32)}`;
  const first = await hub.call("4000", { headers: [{ name: "Session-ID", value: sessionId }] });
  const ringing = await carol.nextCall();
  ringing.ring();
  await first.provisional(180);
  const peer = await peerOf(t, branches, "hk.acme");
  const straight = await peer.call("4000", { headers: [{ name: "Session-ID", value: `${sessionId};attempt=2` }] });
  assert.equal((await first.final).status, 482);
  await straight.provisional(180);
  ringing.answer();
  assert.equal((await straight.final).status, 200);
  const offered = await carol.next("INVITE");
  assert.match(offered.headers.get("To") ?? "", /;tag=/, "the media of the new way, within the call that it has");
  assert.equal(carol.unread("INVITE"), 0);
  assert.equal((await straight.bye()).status, 200);
});

test("a full trunk is not got around, and a hub that answers decides", async (t) => {
  const net = "127.17.184";
  await runHub(t, { settings: hubSettings(`${net}.1`), snapshot: snapshotOf({ [LONDON]: { maxCalls: 1 } }) });
  const { hk, london, records } = await startBranches(t, net);
  await Promise.all([trunkUp(hk), trunkUp(london)]);
  const alice = await openPhone(t, net, "1000", 50);
  const carol = await openPhone(t, net, "4000", 150);
  await carol.register();
  const call = await alice.call("4000");
  (await carol.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  const second = await (await (await openPhone(t, net, "1001", 51)).call("4000")).final;
  assert.deepEqual([second.status, /cause=34/.test(second.headers.get("Reason") ?? "")], [503, true]);
  assert.equal(carol.unread("INVITE"), 0);
  assert.equal((await call.bye()).status, 200);
  const { code, target } = records.find((record) => record.node === HK && record.result !== "answered") ?? {};
  assert.deepEqual([code, target], ["TRUNK_FULL", "hub:hub-1"]);
});
