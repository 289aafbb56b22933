import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { memoryGroups } from "@mss/call-control/testing";
import type { IncomingCall, OutgoingCall, SipPhone } from "@mss/call-control/testing";
import type { BranchId, BranchSettings, TransportAddress } from "@mss/model";
import { parseNameAddress } from "@mss/sip-message";
import type { RunningBranch } from "@mss/l-mss";
import { certificateFolder } from "./support/certificates.ts";
import { branchSettings, openPhone, passwordOf, runBranch, runHub, trunkUp } from "./support/federation.ts";
import { HK, HUB_ID, LONDON, PARIS, hubSettings } from "./support/settings.ts";

/*
 * Two workers of one hub, here in one process and without a common store: what they know of each other they have told each
 * other. Branches come to the own port of a worker, so that it is known which one has them.
 */

const PORT_OFFSET = 10;

interface Trunk {
  readonly id: BranchId;
  readonly worker: 1 | 2;
}

interface Workers {
  readonly net: string;
  readonly branches: readonly RunningBranch[];
}

async function startWorkers(
  t: TestContext,
  { subnet, trunks, withTls = false }: { subnet: number; trunks: readonly Trunk[]; withTls?: boolean },
): Promise<Workers> {
  const net = `127.17.${subnet}`;
  const folder = withTls ? await certificateFolder(t) : undefined;
  const listenAt = (host: string): readonly TransportAddress[] => [
    { transport: "udp", host, port: 5060 },
    ...(withTls ? [{ transport: "tls" as const, host, port: 6060 }] : []),
  ];
  const tlsOf = async (id: string) => (folder === undefined ? {} : { tls: await folder.issue(id, {}) });
  const settings = hubSettings(`${net}.1`, {
    listen: listenAt(`${net}.1`),
    ...(withTls ? { api: { host: `${net}.1`, port: 8443 } } : {}), // shared as well, or the second worker could not start
    ...(await tlsOf(HUB_ID)),
  });
  for (const group of memoryGroups(2)) {
    await runHub(t, { settings, worker: { group, portOffset: PORT_OFFSET } });
  }
  const branches = await Promise.all(
    trunks.map(async ({ id, worker }) => {
      const usual = branchSettings(id, net);
      const [transport, port] = withTls ? (["tls", 6060] as const) : (["udp", 5060] as const);
      const addresses = [{ transport, host: `${net}.1`, port: port + PORT_OFFSET + worker }];
      const changed: BranchSettings = {
        ...usual,
        listen: listenAt(usual.listen[0]?.host ?? ""),
        trunk: { ...usual.trunk, hubs: [{ id: HUB_ID, addresses }] },
        ...(await tlsOf(id)),
      };
      return runBranch(t, changed);
    }),
  );
  await Promise.all(branches.map(trunkUp));
  return { net, branches };
}

async function phone(t: TestContext, { net }: Workers, number: string, place: number): Promise<SipPhone> {
  const opened = await openPhone(t, net, number, place);
  assert.equal((await opened.register()).status, 200, passwordOf(number).slice(0, 6));
  return opened;
}

async function talk(from: SipPhone, to: SipPhone): Promise<{ readonly call: OutgoingCall; incoming: IncomingCall }> {
  const call = await from.call(to.number);
  const incoming = await to.nextCall();
  incoming.answer();
  assert.equal((await call.final).status, 200);
  await to.next("ACK");
  return { call, incoming };
}

const BOTH: readonly Trunk[] = [
  { id: HK, worker: 1 },
  { id: LONDON, worker: 2 },
];

for (const withTls of [false, true]) {
  test(`calls between branches that are at two workers, both ways, over ${withTls ? "TLS" : "UDP"}`, async (t) => {
    const workers = await startWorkers(t, { subnet: withTls ? 187 : 186, trunks: BOTH, withTls });
    const [alice, bob] = [await phone(t, workers, "1000", 10), await phone(t, workers, "4000", 11)];
    const there = await talk(alice, bob);
    const bye = bob.next("BYE");
    assert.equal((await there.call.bye()).status, 200);
    await bye;
    const back = await talk(bob, alice);
    const end = bob.next("BYE");
    assert.equal((await back.incoming.bye()).status, 200); // who was called hangs up
    await end;
  });
}

test("a transferee whose call is at another worker is shown to the target all the same", async (t) => {
  const trunks = [...BOTH, { id: PARIS, worker: 2 } as const];
  const workers = await startWorkers(t, { subnet: 188, trunks });
  const alice = await phone(t, workers, "1000", 10);
  const bob = await phone(t, workers, "4000", 11);
  const carol = await phone(t, workers, "5000", 12);
  const { incoming } = await talk(alice, bob); // carried by worker 1
  const refer = { headers: [{ name: "Refer-To", value: `<${bob.uriOf("5000")}>` }] };
  assert.equal((await incoming.send("REFER", refer)).status, 202);
  const atCarol = await carol.nextCall(); // brought by worker 2
  const shown = parseNameAddress(atCarol.request.headers.get("From") ?? "");
  assert.match(shown?.uri ?? "", /^sip:1000@/, "Carol sees who is put through, not who did it");
  atCarol.answer();
});
