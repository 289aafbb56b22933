import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { MessageLimits } from "@mss/sip-message";
import { readMessage } from "./support/sip-peer.ts";
import { TcpPeer } from "./support/tcp-peer.ts";
import { freshHost, openPeer, startEngine } from "./support/rig.ts";

interface Probe {
  /** What the limit is set to. */
  readonly limit: number;
  readonly uri?: string;
  readonly extra?: readonly string[];
  readonly body?: string;
  /** The answer when the limit is exceeded. */
  readonly owed: number;
}

const LONG = "x".repeat(100);
const NESTED = "--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a--\r\n";

/** One message for each limit, within the default and beyond what the test sets. */
const PROBES: Readonly<Record<keyof MessageLimits, Probe>> = {
  datagramBytes: { limit: 600, extra: [`Subject: ${LONG.repeat(6)}`], owed: 513 },
  streamBytes: { limit: 600, extra: [`Subject: ${LONG.repeat(6)}`], owed: 513 },
  bodyBytes: { limit: 99, body: LONG, owed: 413 },
  headerCount: { limit: 10, extra: Array<string>(5).fill("X-A: b"), owed: 400 },
  lineBytes: { limit: 100, extra: [`Subject: ${LONG}`], owed: 400 },
  authorizationBytes: { limit: 99, extra: [`Authorization: ${LONG}`], owed: 400 },
  viaEntryBytes: { limit: 100, extra: [`Via: SIP/2.0/UDP h;branch=${LONG}`], owed: 400 },
  requestUriBytes: { limit: 99, uri: `sip:${LONG}@127.0.0.1`, owed: 414 },
  identifierBytes: { limit: 99, extra: [`Via: SIP/2.0/UDP h;branch=${LONG}`], owed: 400 },
  viaEntries: { limit: 2, extra: ["Via: SIP/2.0/UDP h", "Via: SIP/2.0/UDP h"], owed: 400 },
  routeEntries: { limit: 1, extra: ["Route: <sip:a;lr>, <sip:b;lr>"], owed: 400 },
  contactEntries: { limit: 1, extra: ["m: <sip:a@b>"], owed: 400 },
  sdpLines: { limit: 50, extra: ["c: application/sdp"], body: "a=x\r\n".repeat(51), owed: 488 },
  contentTypeBytes: { limit: 99, extra: [`c: text/plain;x=${LONG}`], body: "x", owed: 400 },
  multipartDepth: { limit: 1, extra: ["c: multipart/mixed;boundary=a"], body: NESTED, owed: 415 },
};

/** Refused by the engine itself once it got past the limits: no application is connected. */
const PASSED = 503;

for (const [name, probe] of Object.entries(PROBES)) {
  const isOnStream = name === "streamBytes";
  test(`messageLimits.${name}: ${probe.owed} beyond it, on ${isOnStream ? "TCP" : "UDP"}`, async (t) => {
    const ask = isOnStream ? askTcp : askUdp;
    assert.equal(await ask(t, probe, {}), PASSED);
    assert.equal(await ask(t, probe, { [name]: probe.limit }), probe.owed);
  });
}

type Status = number | undefined;

async function askUdp(t: TestContext, probe: Probe, messageLimits: Partial<MessageLimits>): Promise<Status> {
  const { uri, extra: headers = [], body = "" } = probe;
  const { sip } = await startEngine(t, { messageLimits });
  const peer = await openPeer(t);
  peer.request("OPTIONS", sip, { headers, body, ...(uri === undefined ? {} : { uri }) });
  return (await peer.next((message) => message.status !== undefined)).status;
}

async function askTcp(t: TestContext, probe: Probe, messageLimits: Partial<MessageLimits>): Promise<Status> {
  const host = freshHost();
  const { engine } = await startEngine(t, { listen: [{ transport: "tcp", host, port: 0 }], messageLimits });
  const peer = await TcpPeer.connect({ host, port: engine.listening[0]?.port ?? 0 }, freshHost());
  t.after(() => peer.socket.destroy());
  const answer = once(peer.socket, "data");
  peer.send([
    "OPTIONS sip:a@b SIP/2.0",
    "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1",
    "From: <sip:a@b>;tag=1",
    "To: <sip:a@b>",
    "Call-ID: 1",
    "CSeq: 1 OPTIONS",
    ...(probe.extra ?? []),
  ]);
  return readMessage(String((await answer)[0])).status;
}
