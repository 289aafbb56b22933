import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { closeOf, inTime } from "../support/peer/waiting.ts";
import type { WireMessage } from "../support/peer/message.ts";
import type { Call, Phone } from "./support/phone.ts";
import { startSite } from "./support/site.ts";
import { variantOf } from "./support/variants.ts";
import type { Ground } from "./support/variants.ts";

/*
 * Goal: none of 100,000 INVITEs, REFERs and UPDATEs without a password reaches a phone or a trunk. By hand:
 *   MSS_TEST_VARIANTS=100000 node --test test/security/adversarial.test.ts
 */
const VARIANTS = Number(process.env["MSS_TEST_VARIANTS"] ?? 1_000);
const SEED = Number(process.env["MSS_TEST_VARIANT_SEED"] ?? 1);
/** One in so many goes over TCP, on a connection of its own. */
const OVER_TCP = 20;
const AT_ONCE = 50;
const READ_LIMIT_MS = 30_000;
const INFRASTRUCTURE = "127.21.6.250";

const site = await startSite({ net: 6 });
const alice = await site.phone("1000");
const bob = await site.phone("1001");
const carol = await site.phone("4000");
const victims: readonly Phone[] = [alice, bob, carol];
const touched: string[] = [];
let calls: readonly Call[] = [];

before(async () => {
  for (const port of [5060, 6379]) {
    const udp = createSocket("udp4");
    udp.on("message", (bytes) => touched.push(bytes.toString("latin1")));
    udp.bind(port, INFRASTRUCTURE);
    await once(udp, "listening");
    const tcp = createServer(() => touched.push(`connection to ${port}`));
    tcp.listen(port, INFRASTRUCTURE);
    await once(tcp, "listening");
    after(() => {
      udp.close();
      tcp.close();
    });
  }
});

function authorizationOf({ text }: WireMessage): string {
  return /^(?:Proxy-)?Authorization: (.*)$/m.exec(text)?.[1]?.trim() ?? "";
}

function contactOf({ number, peer }: Phone): string {
  return `sip:${number}@${peer.address.host}:${peer.address.port}`;
}

async function groundOf(): Promise<Ground> {
  const local = await alice.call(bob);
  const between = await alice.call(carol);
  calls = [local, between];
  const { hk, london, hub } = site.hosts;
  return {
    nodes: [hk, london, hub],
    phones: [contactOf(alice), contactOf(bob), contactOf(carol)],
    numbers: ["1000", "1001", "4000", "4001", "112", "00442012345678"],
    calls: [local.callerDialog, local.calleeDialog, between.callerDialog, between.calleeDialog],
    captured: [authorizationOf(local.invite), authorizationOf(between.invite)],
    infrastructure: INFRASTRUCTURE,
  };
}

/** A socket that sends some datagrams, then one that is answered for sure, and waits for that. */
async function openAttacker(host: string) {
  const socket = createSocket("udp4");
  const waiting = new Map<string, () => void>();
  const answers = new Map<string, number>();
  socket.on("message", (bytes) => {
    const text = bytes.toString("latin1");
    const probe = waiting.get(/^Call-ID: (probe\S*)/im.exec(text)?.[1] ?? "");
    const status = text.slice(8, 11);
    if (probe !== undefined) {
      probe();
    } else if (status !== "100") {
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  });
  socket.bind(0, host);
  await once(socket, "listening");
  after(() => socket.close());
  let probes = 0;
  return {
    answers,
    send: (text: string, to: string) => socket.send(Buffer.from(text, "latin1"), 5060, to),
    hasRead: async (node: string) => {
      probes += 1;
      const callId = `probe${probes}@${node}`;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(callId, resolve);
      const { port } = socket.address();
      const via = `Via: SIP/2.0/UDP ${host}:${port};branch=z9hG4bK${callId.replaceAll(/[@.]/g, "")};rport`;
      const lines = [`CANCEL sip:x@${node} SIP/2.0`, via, `From: <sip:x@${host}>;tag=x`, `To: <sip:x@${node}>`];
      const rest = [`Call-ID: ${callId}`, "CSeq: 1 CANCEL", "Max-Forwards: 70", "Content-Length: 0", "", ""];
      socket.send([...lines, ...rest].join("\r\n"), 5060, node);
      await inTime(promise, () => `the answer to ${callId}`, READ_LIMIT_MS);
      waiting.delete(callId);
    },
  };
}

/** On a connection of its own; resolves when the node has closed it. */
async function sendByTcp(text: string, host: string): Promise<void> {
  const socket = connect({ host, port: 5060 });
  const closed = closeOf(socket);
  socket.resume();
  socket.end(text, "latin1");
  await inTime(closed, () => `the end of a connection after ${JSON.stringify(text)}`, READ_LIMIT_MS);
}

test(`SEC-04 to SEC-08: of ${VARIANTS} INVITEs, REFERs and UPDATEs without a password none reaches a phone or a trunk`, async () => {
  const ground = await groundOf();
  const attacker = await openAttacker("127.21.6.200");
  const beganAt = performance.now();
  for (let first = 0; first < VARIANTS; first += AT_ONCE) {
    const connections: Promise<void>[] = [];
    for (let number = first; number < Math.min(first + AT_ONCE, VARIANTS); number += 1) {
      const isTcp = number % OVER_TCP === 0;
      const { text, node } = variantOf(ground, SEED, number, isTcp ? "TCP" : "UDP");
      if (isTcp) {
        connections.push(sendByTcp(text, node));
      } else {
        attacker.send(text, node);
      }
    }
    await Promise.all([...connections, ...ground.nodes.map((node) => attacker.hasRead(node))]);
    for (const { number, peer } of victims) {
      assert.deepEqual(peer.unreadRequests, [], `at ${number}, of the variants from ${first} on`);
    }
    assert.deepEqual(touched, [], `of the variants from ${first} on`);
  }
  const seconds = Math.round((performance.now() - beganAt) / 1000);
  const answers = [...attacker.answers].toSorted(([, one], [, other]) => other - one);
  const counts = answers.map(([status, count]) => `${status}: ${count}`).join(", ");
  process.stdout.write(`# ${VARIANTS} variants in ${seconds} s; answers over UDP: ${counts}\n`);
  const [, challenges] = answers.find(([status]) => status === "407") ?? ["407", 0];
  assert.ok(challenges > VARIANTS / 20, "many were read as calls");
  assert.equal(site.hk.activeCalls().length, 2, "the calls that were up, and no other");
  assert.equal(site.london.activeCalls().length, 1);
  assert.equal(site.hub.activeCalls().length, 1);
  for (const call of calls) {
    await call.hangUp();
  }
  for (const { number, peer } of victims) {
    assert.deepEqual(peer.unreadRequests, [], `at ${number}`);
  }
  await site.stillServes();
});
