import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { AppRequest, AppResponse } from "./support/app.ts";
import { startRig } from "./support/rig.ts";
import type { Rig } from "./support/rig.ts";
import type { PeerMessage, SipPeer } from "./support/sip-peer.ts";

/** What is forgotten is so after 50 ms. Where an answer is prompt nothing is sent by a clock before 400 ms. */
const TIMERS = { t1Ms: 1_000, t2Ms: 4_000, t4Ms: 50, timerCMs: 5_000 };
/** What repeats by itself does so after 100 and 300 ms. */
const FAST = { ...TIMERS, t1Ms: 100 };
const REPEATED_TWICE_MS = 450;
const CHALLENGES = ["SHA-512-256", "SHA-256", "MD5"].map(
  (algorithm) =>
    `Digest realm="a-branch-of-some-length.example", nonce="${"n".repeat(42)}", algorithm=${algorithm}, qop="auth"`,
);
const AMPLIFICATION_LIMIT = 3;

/** An engine to which every peer is a stranger, and an application that challenges whatever comes. */
async function startStrict(context: TestContext): Promise<Rig & { readonly seen: readonly string[]; isBusy: boolean }> {
  const rig = await startRig(context, { trusted: [], timers: TIMERS });
  const seen: string[] = [];
  const strict = { ...rig, seen, isBusy: false };
  const challenge = (status: number, header: string) => (request: AppRequest, response: AppResponse) => {
    seen.push(request.method);
    response.send(status, { headers: { [header]: CHALLENGES } });
  };
  const challengeCall = challenge(407, "Proxy-Authenticate");
  rig.app.invite((request, response) => {
    if (strict.isBusy) {
      response.send(486);
    } else {
      challengeCall(request, response);
    }
  });
  for (const method of ["register", "message", "subscribe"] as const) {
    rig.app[method](challenge(401, "WWW-Authenticate"));
  }
  rig.app.options((request, response) => {
    seen.push(request.method);
    const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, MESSAGE, UPDATE, REFER, NOTIFY, PRACK";
    response.send(200, { headers: { Allow: allow, Accept: "application/sdp" } });
  });
  await untilRouted(rig);
  return strict;
}

/** The application's wish for OPTIONS, which is its last one, has reached the engine. */
async function untilRouted(rig: Rig): Promise<void> {
  const peer = await rig.peer();
  let status: number | undefined;
  while (status !== 200) {
    peer.request("OPTIONS", rig.sip);
    ({ status } = await peer.next((message) => (message.status ?? 0) >= 200));
  }
  while (rig.engine.stats().transactions.server > 1) {
    await new Promise((resolve) => setTimeout(resolve, 10)); // a 405 is forgotten soon
  }
}

/** The least that a request can be, and so many bytes more: what an attacker would send in the name of its victim. */
function smallRequest(
  method: string,
  peer: SipPeer,
  parts: { contact?: boolean; uri?: string; more?: number } = {},
): string {
  const lines = [
    `${method} ${parts.uri ?? "sip:1@h"} SIP/2.0`,
    `v:SIP/2.0/UDP ${peer.host}:${peer.port};branch=z9hG4bK${Math.random().toString(36).slice(2, 6)}`,
    "f:<sip:a@b>;tag=1",
    "t:<sip:1@h>",
    `i:${Math.random().toString(36).slice(2, 8)}`,
    `CSeq:1 ${method}`,
    "Max-Forwards:9",
    ...(parts.contact === false ? [] : ["m:<sip:a@b>"]),
    `s:${"s".repeat(parts.more ?? 200)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function bytesOf(messages: readonly PeerMessage[]): number {
  return messages.reduce((sum, { text }) => sum + text.length, 0);
}

/** So long that a bad repetition would have come; the exchange of another peer shows that all answers have. */
async function quiet(rig: Rig): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, REPEATED_TWICE_MS));
  const other = await rig.peer();
  other.request("OPTIONS", rig.sip);
  await other.next(200);
}

interface Probe {
  readonly name: string;
  readonly method: string;
  readonly contact?: boolean;
  readonly uri?: string;
  readonly answer: number;
}

const PROBES: readonly Probe[] = [
  { name: "INVITE", method: "INVITE", answer: 407 },
  { name: "INVITE without Contact", method: "INVITE", contact: false, answer: 400 },
  { name: "INVITE to a strange scheme", method: "INVITE", uri: "mailto:a@b", answer: 416 },
  { name: "REGISTER", method: "REGISTER", answer: 401 },
  { name: "OPTIONS", method: "OPTIONS", answer: 200 },
  { name: "MESSAGE", method: "MESSAGE", answer: 401 },
  { name: "SUBSCRIBE", method: "SUBSCRIBE", answer: 401 },
  { name: "PUBLISH, which nobody wants", method: "PUBLISH", answer: 405 },
  { name: "a method that is none", method: "REGISTERX", answer: 501 },
  { name: "BYE of no call", method: "BYE", answer: 481 },
  { name: "CANCEL of no call", method: "CANCEL", answer: 481 },
];

test("SEC-24: a small request of a stranger brings one answer of at most three times its size", async (context) => {
  const rig = await startStrict(context);
  const victims = await Promise.all(
    PROBES.map(async (row) => {
      const peer = await rig.peer();
      const text = smallRequest(row.method, peer, row);
      peer.send(text, rig.sip);
      return { row, peer, text };
    }),
  );
  await quiet(rig);
  for (const { row, peer, text } of victims) {
    assert.deepEqual(
      peer.unread.map(({ status }) => status),
      [row.answer],
      row.name,
    );
    const ratio = bytesOf(peer.unread) / text.length;
    assert.ok(ratio <= AMPLIFICATION_LIMIT, `${row.name}: ${ratio}`);
  }
  const remembered = rig.engine.stats().transactions.server;
  assert.equal(remembered, 3, "OPTIONS at the start, among them, and at the end, which were not refused");
});

test("SEC-24: malformed requests, and what was never asked for, are answered once and with nothing of their own", async (context) => {
  const rig = await startStrict(context);
  const peer = await rig.peer();
  const text = smallRequest("INVITE", peer).replace("CSeq:1 INVITE", "CSeq:x INVITE\r\nX-Secret:echo");
  peer.send(text, rig.sip);
  await quiet(rig);
  assert.deepEqual(
    peer.unread.map(({ status }) => status),
    [400],
  );
  assert.ok(bytesOf(peer.unread) <= AMPLIFICATION_LIMIT * text.length);
  assert.doesNotMatch(peer.unread[0]?.text ?? "", /X-Secret|echo/);
});

test("SEC-24: an answer that is larger than what a stranger has paid for is not sent, whatever the size", async (context) => {
  const rig = await startStrict(context);
  const victims = await Promise.all(
    Array.from({ length: 26 }, async (_, step) => {
      const peer = await rig.peer();
      const text = smallRequest(step % 2 === 0 ? "REGISTER" : "INVITE", peer, { more: step * 12 });
      peer.send(text, rig.sip);
      return { peer, text };
    }),
  );
  await quiet(rig);
  const ratios = victims.map(({ peer, text }) => bytesOf(peer.unread) / text.length);
  assert.ok(Math.max(...ratios) <= AMPLIFICATION_LIMIT, String(ratios));
  assert.equal(ratios.at(0), 0, "the smallest one gets nothing");
  assert.ok((ratios.at(-1) ?? 0) > 1, "one of ordinary size its challenge");
});

test("SEC-24: a challenged INVITE that comes again gets the same answer from memory, for a while", async (context) => {
  const rig = await startStrict(context);
  const peer = await rig.peer();
  const text = smallRequest("INVITE", peer);
  peer.send(text, rig.sip);
  const first = await peer.next(407);
  peer.send(text, rig.sip);
  const second = await peer.next(407);
  assert.equal(second.text, first.text);
  assert.deepEqual(
    rig.seen.filter((method) => method === "INVITE"),
    ["INVITE"],
  );
});

test("SEC-24: the ACK of a challenge shows that a stranger is where it says; from then on refusals are repeated", async (context) => {
  const rig = await startStrict(context);
  const peer = await rig.peer();
  const before = rig.engine.stats().transactions.server;
  const invite = peer.request("INVITE", rig.sip);
  const challenge = await peer.next(407);
  acknowledge(peer, rig, { invite, answer: challenge });
  const options = peer.request("OPTIONS", rig.sip);
  await peer.next((message) => message.get("Call-ID") === options.get("Call-ID"));
  assert.equal(rig.engine.stats().transactions.server, before + 1, "of OPTIONS: the ACK ended that of the INVITE");
  rig.isBusy = true;
  const again = peer.request("INVITE", rig.sip);
  const ofSecond = (message: PeerMessage): boolean => message.get("Call-ID") === again.get("Call-ID");
  const statuses = new Set<number | undefined>();
  for (let count = 0; count < 3; count += 1) {
    statuses.add((await peer.next(ofSecond)).status);
  }
  assert.deepEqual([...statuses], [100, 486]);
});

function acknowledge(peer: SipPeer, rig: Rig, { invite, answer }: { invite: PeerMessage; answer: PeerMessage }): void {
  peer.request("ACK", rig.sip, {
    callId: invite.get("Call-ID"),
    from: invite.get("From"),
    to: answer.get("To"),
    branch: /branch=([^;]+)/.exec(invite.get("Via"))?.[1] ?? "",
  });
}

test("SEC-24: an ACK with another tag shows nothing", async (context) => {
  const rig = await startStrict(context);
  const peer = await rig.peer();
  const invite = peer.request("INVITE", rig.sip);
  const challenge = await peer.next(407);
  acknowledge(peer, rig, { invite, answer: { ...challenge, get: () => "<sip:1@h>;tag=guessed" } });
  const second = smallRequest("INVITE", peer);
  peer.send(second, rig.sip);
  assert.equal((await peer.next((message) => (message.status ?? 0) < 500)).status, 407, "and no 100 before it");
});

test("SEC-24: a stranger that rings before it is refused is told again, within what it has paid for", async (context) => {
  const rig = await startRig(context, { trusted: [], timers: FAST });
  rig.app.invite((_request, response) => {
    response.send(180);
    response.send(486);
  });
  rig.app.options((_request, response) => {
    response.send(200);
  });
  const peer = await rig.peer();
  const invite = peer.request("INVITE", rig.sip, { headers: [`X-Long: ${"x".repeat(300)}`] });
  await quiet(rig);
  const busy = peer.unread.filter(({ status }) => status === 486);
  assert.ok(busy.length > 1, "its 486 may have been lost, and after 180 it asks no more");
  assert.ok(bytesOf(peer.unread) <= AMPLIFICATION_LIMIT * invite.text.length);
});

test("SEC-24: an application that takes its time: 100 comes all the same, before an INVITE is repeated", async (context) => {
  const rig = await startRig(context, { trusted: [], timers: TIMERS });
  const asked = once(rig.app, "asked");
  rig.app.invite(() => {
    rig.app.emit("asked");
  });
  const peer = await rig.peer();
  peer.request("INVITE", rig.sip);
  await asked;
  await peer.next(100);
});
