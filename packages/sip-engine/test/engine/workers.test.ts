import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { silentLog } from "@mss/runtime";
import { createEngine } from "../../src/index.ts";
import type { Engine, HandedCancel } from "../../src/index.ts";
import { SECRET, connectApp } from "./support/app.ts";
import type { App } from "./support/app.ts";
import { ANSWER, SDP_HEADERS } from "./support/bridged-call.ts";
import { freshHost, openPeer, startEngine } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";
import type { PeerMessage, SipPeer } from "./support/sip-peer.ts";
import { TcpPeer } from "./support/tcp-peer.ts";

const PORT = 5060;
const OFFSETS = [11, 12];
/** So many peers that they are all given to the same engine once in half a million runs. */
const PEERS = 20;

interface Worker {
  readonly engine: Engine;
  readonly app: App;
  /** Where this engine alone listens. */
  readonly own: { readonly host: string; readonly port: number };
}

interface Group {
  readonly shared: { readonly host: string; readonly port: number };
  readonly workers: readonly Worker[];
}

/** Two engines on one address, each with an application, that hand each other what belongs to the other. */
async function startGroup(context: TestContext, transport: "udp" | "tcp" = "udp"): Promise<Group> {
  const shared = { host: freshHost(), port: PORT };
  const workers: Worker[] = [];
  for (const offset of OFFSETS) {
    const cancelElsewhere = async (cancel: HandedCancel): Promise<boolean> =>
      workers.some(({ engine: other }) => other !== engine && other.takeCancel(cancel));
    const { engine } = await startEngine(context, {
      listen: [{ transport, ...shared }],
      worker: { offset, offsets: OFFSETS, cancelElsewhere },
    });
    const own = { host: shared.host, port: PORT + offset };
    workers.push({ engine, app: await connectApp(context, engine), own });
  }
  return { shared, workers };
}

/** Each application bridges to `target`; tells which of them got a call. */
function bridgeAll({ workers }: Group, target: string): () => Promise<Worker> {
  let next = Promise.withResolvers<Worker>();
  for (const worker of workers) {
    worker.app.invite(async (request, response) => {
      next.resolve(worker);
      const pair = await worker.app.createB2BUA(request, response, target, { localSdpB: request.body });
      pair.uas.on("destroy", () => void pair.uac.destroy().catch(() => undefined));
      pair.uac.on("destroy", () => void pair.uas.destroy().catch(() => undefined));
    });
  }
  return () => {
    next = Promise.withResolvers<Worker>();
    return next.promise;
  };
}

function portOf(value: string): number {
  return Number(/:(\d+)[>;]/.exec(value)?.[1]);
}

const isAnswerTo = (cseq: string) => (message: PeerMessage) =>
  (message.status ?? 0) >= 200 && message.get("CSeq") === cseq;

async function call(
  group: Group,
  caller: SipPeer,
  callee: SipPeer,
  nextWorker: () => Promise<Worker>,
): Promise<Worker> {
  const chosen = nextWorker();
  const invite = caller.request("INVITE", group.shared, { headers: SDP_HEADERS, body: SDP });
  const inviteB = await callee.next("INVITE");
  const worker = await chosen;
  const { own } = worker;
  assert.equal(portOf(inviteB.get("Contact")), own.port, "the callee is told the worker's own port");
  assert.match(inviteB.get("Via"), new RegExp(`^SIP/2\\.0/UDP ${own.host}:${own.port};`));
  const okB = callee.respond(inviteB, "200 OK", { tag: "callee", headers: SDP_HEADERS, body: ANSWER });
  await callee.next("ACK");
  const okA = await caller.next(200);
  assert.equal(portOf(okA.get("Contact")), own.port, "the caller is told the worker's own port");
  const within = { from: invite.get("From"), to: okA.get("To"), callId: invite.get("Call-ID") };
  const uri = `sip:${own.host}:${own.port}`;
  caller.request("ACK", own, { ...within, uri, sequence: 1 });
  assert.equal(worker.engine.stats().dialogs, 2);
  // The callee hangs up at the port it was told, which the caller has not called.
  callee.request("BYE", own, { uri, from: okB.get("To"), to: inviteB.get("From"), callId: inviteB.get("Call-ID") });
  assert.equal((await callee.next(isAnswerTo("1 BYE"))).status, 200);
  caller.respond(await caller.next("BYE"), "200 OK");
  return worker;
}

test("engines that share an address share the peers, and each call stays with one of them", async (context) => {
  const group = await startGroup(context);
  const callee = await openPeer(context);
  const nextWorker = bridgeAll(group, callee.uri);
  const seen = new Map<Worker, number>();
  for (let count = 0; count < PEERS; count += 1) {
    const caller = await openPeer(context);
    const first = await call(group, caller, callee, nextWorker);
    const again = await call(group, caller, callee, nextWorker);
    assert.equal(again, first, "a peer sticks to its worker");
    seen.set(first, (seen.get(first) ?? 0) + 1);
  }
  assert.equal(seen.size, 2, "both have got peers");
});

test("an answer leaves from the shared address, a request from the worker's own", async (context) => {
  const { shared, workers } = await startGroup(context);
  const peer = await openPeer(context);
  const senders: number[] = [];
  for (const { app } of workers) {
    app.options((_request, response) => response.send(200));
  }
  peer.onSource = ({ port }) => senders.push(port);
  peer.request("OPTIONS", shared);
  await peer.next(200);
  const [first] = workers;
  assert.ok(first !== undefined);
  await first.app.request(peer.uri, { method: "OPTIONS" });
  const options = await peer.next("OPTIONS");
  assert.deepEqual(senders, [shared.port, first.own.port]);
  assert.equal(portOf(options.get("Via")), first.own.port);
  peer.respond(options, "200 OK", { tag: "peer" });
});

test("a CANCEL that comes to another worker than its INVITE ends the call", async (context) => {
  const group = await startGroup(context);
  const callee = await openPeer(context);
  const caller = await openPeer(context);
  const nextWorker = bridgeAll(group, callee.uri);
  const chosen = nextWorker();
  const invite = caller.request("INVITE", group.shared, { headers: SDP_HEADERS, body: SDP });
  callee.respond(await callee.next("INVITE"), "180 Ringing", { tag: "callee" });
  await caller.next(180);
  const worker = await chosen;
  const other = group.workers.find((each) => each !== worker);
  assert.ok(other !== undefined);
  const cancel = {
    uri: invite.startLine.split(" ")[1] ?? "",
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
    from: invite.get("From"),
    to: invite.get("To"),
    callId: invite.get("Call-ID"),
  };
  caller.request("CANCEL", other.own, cancel);
  assert.equal((await caller.next(isAnswerTo("1 CANCEL"))).status, 200);
  assert.equal((await caller.next(isAnswerTo("1 INVITE"))).status, 487);
  callee.respond(await callee.next("CANCEL"), "200 OK", { contact: false });
  caller.request("CANCEL", other.own, { ...cancel, branch: "z9hG4bKofnothing" });
  assert.equal((await caller.next(isAnswerTo("1 CANCEL"))).status, 481);
});

test("a request to a worker of the same node is one to ourselves", async (context) => {
  const { shared, workers } = await startGroup(context);
  const [first, second] = workers;
  assert.ok(first !== undefined && second !== undefined);
  for (const { host, port } of [shared, first.own, second.own]) {
    await assert.rejects(first.app.request(`sip:1000@${host}:${port}`, { method: "OPTIONS" }), /myself/);
  }
});

test("connections are shared out, and what is in a call names the worker's own port", async (context) => {
  const { shared, workers } = await startGroup(context, "tcp");
  const seen = new Set<number>();
  for (const { app } of workers) {
    app.invite(async (request, response) => {
      await app.createUAS(request, response, { localSdp: ANSWER });
    });
  }
  for (let count = 0; count < PEERS; count += 1) {
    const peer = await TcpPeer.connect(shared, freshHost());
    context.after(() => peer.socket.destroy());
    const contact = `<sip:peer@${peer.socket.localAddress}:${peer.socket.localPort};transport=tcp>`;
    const start = [
      `INVITE sip:1@${shared.host} SIP/2.0`,
      `Via: SIP/2.0/TCP ${peer.socket.localAddress}:${peer.socket.localPort};branch=z9hG4bK${count}`,
      `From: <sip:peer@test>;tag=${count}`,
      `To: <sip:1@${shared.host}>`,
      `Call-ID: ${count}@peer`,
      "CSeq: 1 INVITE",
      `Contact: ${contact}`,
      "Max-Forwards: 70",
    ];
    peer.send([...start, "Content-Type: application/sdp"], SDP);
    seen.add(portOf((await peer.next(200)).get("Contact").replace(";transport=tcp", "")));
  }
  assert.deepEqual(
    [...seen].toSorted((one, other) => one - other),
    workers.map(({ own }) => own.port),
  );
});

test("the end of one engine leaves the calls of the other alone", async (context) => {
  const group = await startGroup(context);
  const callee = await openPeer(context);
  const nextWorker = bridgeAll(group, callee.uri);
  const [first, second] = group.workers;
  assert.ok(first !== undefined && second !== undefined);
  await first.engine.stop();
  const caller = await openPeer(context);
  assert.equal(await call(group, caller, callee, nextWorker), second);
});

test("no engine starts where another one has its own port, or on any free port", async (context) => {
  const { shared } = await startGroup(context);
  const start = (port: number, offset: number): Promise<void> =>
    createEngine({
      listen: [{ transport: "udp", host: shared.host, port }],
      worker: { offset, offsets: OFFSETS },
      control: { host: "127.0.0.1", port: 0, secret: SECRET },
      log: silentLog(),
    }).start();
  await assert.rejects(start(shared.port, OFFSETS[0] ?? 0), { code: "LISTEN_FAILED" });
  await assert.rejects(start(0, 13), { code: "ADDRESS_INVALID" });
  await assert.rejects(start(65_530, 13), { code: "ADDRESS_INVALID" });
});
