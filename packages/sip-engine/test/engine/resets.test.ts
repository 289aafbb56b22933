import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Engine, TransportName } from "../../src/index.ts";
import { createTestAuthority } from "../transport/tls-support.ts";
import { connectApp } from "./support/app.ts";
import type { AppDialog } from "./support/app.ts";
import { freshHost, startEngine } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import { TcpPeer } from "./support/tcp-peer.ts";
import { untilGone } from "../transport/support.ts";
import { waitUntil } from "./support/wait-until.ts";

/*
 * SEC-13: a peer that resets its connection in the middle of a call, thousands of times. With 10,000 cycles:
 *   MSS_TEST_RESETS=10000 node --test packages/sip-engine/test/engine/resets.test.ts
 */
const CYCLES = Number(process.env["MSS_TEST_RESETS"] ?? 200);
const AT_ONCE = 20;
const TIMERS = { t1Ms: 20, t2Ms: 80, t4Ms: 20, timerCMs: 1_000 };
const SETTLE_LIMIT_MS = 20_000;

interface Caller {
  readonly peer: TcpPeer;
  /** Sends RST, whatever is under way. */
  reset(): Promise<void>;
}

type Dial = (host: string) => Promise<Caller>;

function callerOf(peer: TcpPeer, tcp: Socket): Caller {
  return {
    peer,
    reset: async () => {
      const gone = untilGone(peer.socket);
      tcp.resetAndDestroy();
      peer.socket.destroy();
      await gone;
    },
  };
}

function dialTcp(engine: Engine): Dial {
  return async (host) => {
    const socket = connectTcp({ ...addressOf(engine, "tcp"), localAddress: host });
    await once(socket, "connect");
    return callerOf(new TcpPeer(socket), socket);
  };
}

/** Through a relay of its own, which resets what it has to the engine: Node cannot do that below a TLS socket. */
function dialTls(engine: Engine): Dial {
  return async (host) => {
    const upstream = connectTcp({ ...addressOf(engine, "tls"), localAddress: host });
    const relay = createServer((downstream) => {
      downstream.on("error", () => undefined);
      upstream.once("close", () => downstream.destroy());
      downstream.pipe(upstream).pipe(downstream);
    });
    upstream.on("error", () => undefined);
    relay.listen(0, host);
    await once(relay, "listening");
    const own = relay.address();
    assert.ok(typeof own === "object" && own !== null);
    const secure = connectTls({ host, port: own.port, rejectUnauthorized: false });
    await once(secure, "secureConnect");
    relay.close();
    return callerOf(new TcpPeer(secure), upstream);
  };
}

function addressOf({ listening }: Engine, transport: TransportName): { readonly host: string; readonly port: number } {
  const found = listening.find((each) => each.transport === transport);
  assert.ok(found !== undefined);
  return { host: found.host, port: found.port };
}

interface CallParts {
  readonly host: string;
  readonly transport: string;
  readonly id: string;
}

function lines(method: string, { host, transport, id }: CallParts, to = "<sip:b@acme>", cseq = 1): readonly string[] {
  return [
    `${method} sip:b@acme SIP/2.0`,
    `Via: SIP/2.0/${transport} ${host}:9;branch=z9hG4bK${method}${id}`, // nobody listens there
    `From: <sip:a@acme>;tag=${id}`,
    `To: ${to}`,
    `Call-ID: ${id}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:a@${host}:9;transport=${transport.toLowerCase()}>`,
    "Max-Forwards: 70",
    ...(method === "INVITE" ? ["Content-Type: application/sdp"] : []),
  ];
}

/** One of four moments at which the peer resets. */
async function cycle(caller: Caller, parts: CallParts, kind: number): Promise<void> {
  const { peer } = caller;
  peer.send(lines("INVITE", parts), SDP);
  if (kind > 0) {
    await peer.next(180);
  }
  if (kind > 1) {
    const to = (await peer.next(200)).get("To");
    peer.send(lines("ACK", parts, to));
    peer.send(lines("BYE", parts, to, 2));
  }
  if (kind > 2) {
    await peer.next(200);
  }
  await caller.reset();
}

function resources(): readonly [timers: number, sockets: number] {
  const all = process.getActiveResourcesInfo();
  return [
    all.filter((name) => name === "Timeout").length,
    all.filter((name) => name === "TCPSocketWrap" || name === "TLSWrap").length,
  ];
}

interface Rig {
  readonly engine: Engine;
  /** Calls that the application takes to be up. */
  readonly dialogs: Set<AppDialog>;
}

/** An application that rings, answers, and forgets a call that has ended. */
async function startAnswering(t: TestContext, credentials: Awaited<ReturnType<Authority["node"]>>): Promise<Rig> {
  const host = freshHost();
  const listen = (["udp", "tcp", "tls"] as const).map((transport) => ({ transport, host, port: 0 }));
  const { engine } = await startEngine(t, { listen, timers: TIMERS, tls: { credentials } });
  const app = await connectApp(t, engine);
  const dialogs = new Set<AppDialog>();
  app.invite(async (request, response) => {
    response.send(180);
    try {
      const dialog = await app.createUAS(request, response, { localSdp: SDP });
      dialogs.add(dialog);
      dialog.on("destroy", () => dialogs.delete(dialog));
    } catch {
      // the peer was gone before the answer was acknowledged
    }
  });
  return { engine, dialogs };
}

type Authority = Awaited<ReturnType<typeof createTestAuthority>>;

async function runCycles(rig: Rig, dial: Dial, transport: string, cycles: number): Promise<void> {
  for (let done = 0; done < cycles; done += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, cycles - done) }, async (_, index) => {
      const host = freshHost();
      const id = `reset-${transport}-${done + index}`;
      await cycle(await dial(host), { host, transport, id }, (done + index) % 4);
    });
    await Promise.all(some);
  }
  await waitUntil("nothing is left but calls that are up", () => holdsCallsOnly(rig), SETTLE_LIMIT_MS);
  // A BYE that was still on its way is lost with the connection: such a call is the application's to end.
  await Promise.all([...rig.dialogs].map((dialog) => dialog.destroy().catch(() => undefined)));
  rig.dialogs.clear();
  await waitUntil("the engine has forgotten all of it", () => isEmpty(rig), SETTLE_LIMIT_MS);
}

function holdsCallsOnly({ engine, dialogs: held }: Rig): boolean {
  const { transactions, dialogs, openRequests, connections } = engine.stats();
  return transactions.client + transactions.server + openRequests + connections === 0 && dialogs === held.size;
}

function isEmpty(rig: Rig): boolean {
  return holdsCallsOnly(rig) && rig.dialogs.size === 0;
}

const authority = await createTestAuthority();

for (const [transport, dialOf, cycles] of [
  ["TCP", dialTcp, CYCLES],
  ["TLS", dialTls, Math.ceil(CYCLES / 10)],
] as const) {
  test(`SEC-13: ${cycles} calls over ${transport} that are reset after INVITE, ringing, BYE or its answer leave nothing`, async (t) => {
    const rig = await startAnswering(t, await authority.node("hub-1.acme"));
    const dial = dialOf(rig.engine);
    await runCycles(rig, dial, transport, AT_ONCE); // what is made once, such as the connection of the application
    const before = resources();
    await runCycles(rig, dial, transport, cycles);
    const limits = before.map((count) => count + 2);
    await waitUntil(
      `timers and sockets are as before (${before.join(", ")})`,
      () => resources().every((count, index) => count <= (limits[index] ?? 0)),
      SETTLE_LIMIT_MS,
    );
  });
}
