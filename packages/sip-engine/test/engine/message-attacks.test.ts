import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createRequest, serializeMessage } from "@mss/sip-message";
import { freshHost, startEngine } from "./support/rig.ts";
import { ByteWiseStream, DatagramPorts } from "./support/torture-peers.ts";

/*
 * The classes of attack that are about single messages, by the ids of the project's catalogue, on a socket of a whole
 * engine without applications: what is let in is answered 503.
 */
const LET_IN = 503;

interface Changes {
  readonly start?: string;
  readonly without?: string;
  readonly extra?: readonly string[];
  readonly body?: string;
}

function message({ start = "OPTIONS sip:a@b SIP/2.0", without = "", extra = [], body = "" }: Changes): string {
  const method = start.split(" ", 1)[0] ?? "";
  const lines = [
    "Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1",
    "From: <sip:a@b>;tag=1",
    "To: <sip:a@b>",
    "Call-ID: attack",
    `CSeq: 1 ${method}`,
    "Max-Forwards: 70",
    "Contact: <sip:a@b>",
  ].filter((line) => without === "" || !line.startsWith(`${without}:`));
  return `${[start, ...lines, ...extra].join("\r\n")}\r\n\r\n${body}`;
}

/** The status of the answer to each message, each from an engine of its own that still answers afterwards. */
async function assertAnswers(t: TestContext, rows: readonly (readonly [Changes, number | undefined])[]): Promise<void> {
  for (const [changes, owed] of rows) {
    const host = freshHost();
    const { engine } = await startEngine(t, { listen: [{ transport: "udp", host, port: 0 }] });
    const peer = await DatagramPorts.open(t, freshHost(), { host, port: engine.listening[0]?.port ?? 0 });
    peer.send(message(changes));
    assert.equal((await peer.answerBefore(LET_IN))?.status, owed, JSON.stringify(changes).slice(0, 200));
  }
}

test("SEC-08: a header name with an escape is refused, one with white space before the colon is that header", async (t) => {
  await assertAnswers(t, [
    [{ extra: ["%50-Asserted-Identity: <sip:x>"] }, 400],
    [{ extra: ["P-Asserted-Identity : <sip:x"] }, 400],
    [{ extra: ["p-asserted-identity\t: <sip:x"] }, 400],
    [{ extra: ["X-A\0: 1"] }, 400],
  ]);
});

test("SEC-09: nothing with a line break or a NUL in a header is ever written", () => {
  for (const unsafe of ["\r", "\n", "\r\n", "\0", "\xe2\x80\xa8", "\u2028"]) {
    const value = `a${unsafe}X-Evil: 1`;
    const header = createRequest({ method: "OPTIONS", uri: "sip:a@b", headers: [{ name: "Subject", value }] });
    assert.throws(() => serializeMessage(header), { code: "UNSAFE_HEADER" });
    const uri = createRequest({ method: "OPTIONS", uri: `sip:${value}@b`, headers: [] });
    assert.throws(() => serializeMessage(uri), { code: "UNSAFE_HEADER" });
  }
});

test("SEC-10: a Content-Length that is not one plain number is 400", async (t) => {
  const values = ["4294967328", "-1", "+5", "0x10", "5 5", "5,5", "99999999"];
  await assertAnswers(t, [
    ...values.map((value) => [{ extra: [`Content-Length: ${value}`], body: "hello" }, 400] as const),
    [{ extra: ["l: 5", "Content-Length: 5"], body: "hello" }, 400],
    [{ extra: ["Content-Length: 9"], body: "hello" }, 400],
    [{ extra: ["Content-Length: 00005"], body: "hello" }, LET_IN],
  ]);
});

test("SEC-11: a length beyond the limit is refused and the stream ended before anything is kept for it", async (t) => {
  const host = freshHost();
  const { engine } = await startEngine(t, { listen: [{ transport: "tcp", host, port: 0 }] });
  const peer = await ByteWiseStream.open(t, freshHost(), { host, port: engine.listening[0]?.port ?? 0 });
  await peer.write(message({ extra: ["Content-Length: 65536"] }));
  assert.equal((await peer.lastBeforeEnd())?.status, 413);
});

test("SEC-16: edges of numbers and lengths", async (t) => {
  await assertAnswers(t, [
    [{ without: "CSeq", extra: ["CSeq: 2147483647 OPTIONS"] }, LET_IN],
    [{ without: "CSeq", extra: ["CSeq: 2147483648 OPTIONS"] }, 400],
    [{ without: "Max-Forwards", extra: ["Max-Forwards: 256"] }, 400],
    [{ extra: ["Expires: 4294967296"] }, 400],
    [{ start: "OPTIONS sip:a@b:0 SIP/2.0" }, 400],
    [{ start: "OPTIONS sip:a@b:65536 SIP/2.0" }, 400],
    [{ start: `OPTIONS sip:${"a".repeat(600)}@b SIP/2.0` }, 414],
    [{ without: "Call-ID", extra: [`Call-ID: ${"x".repeat(257)}`] }, 400],
  ]);
});

test("SEC-17: a request without a mandatory header is 400 where it can be answered", async (t) => {
  await assertAnswers(t, [
    ...["From", "To", "Call-ID"].map((without) => [{ without }, 400] as const),
    [{ without: "Via" }, undefined],
    [{ without: "CSeq" }, undefined],
    [{ start: "INVITE sip:a@b SIP/2.0", without: "Contact" }, 400],
  ]);
});

test("SEC-18: a header that stands once must not stand twice", async (t) => {
  const lines = ["To: <sip:a@b>", "From: <sip:a@b>;tag=1", "CSeq: 1 OPTIONS", "Call-ID: attack", "Max-Forwards: 70"];
  await assertAnswers(
    t,
    lines.map((line) => [{ extra: [line] }, 400] as const),
  );
});

test("SEC-19: credentials that cannot be read are no fault of the message, very long ones are", async (t) => {
  await assertAnswers(t, [
    [{ extra: ["Authorization: Digest"] }, LET_IN],
    [{ extra: ['Authorization: Digest x="'] }, LET_IN],
    [{ extra: [`Authorization: ${"a".repeat(1_025)}`] }, 400],
  ]);
});

test("SEC-20: bodies beyond their limits", async (t) => {
  await assertAnswers(t, [
    [{ extra: ["Content-Type: application/sdp"], body: "m=x\r\n".repeat(201) }, 488],
    [{ extra: ["Content-Type: multipart/mixed"], body: "x" }, 400],
  ]);
});

test("SEC-30: white space that drachtio-srf reads in cubic time is 400 or collapsed", async (t) => {
  await assertAnswers(t, [
    [{ without: "From", extra: [`From: <${" ".repeat(2_000)}x`] }, 400],
    [{ extra: [`Subject: a${" ".repeat(2_000)}b`] }, LET_IN],
  ]);
});

test("SEC-31: only the exact method is that method", async (t) => {
  await assertAnswers(
    t,
    ["RE%47IST%45R", "INVITEX", "invite", "OPTION"].map(
      (method) => [{ start: `${method} sip:a@b SIP/2.0` }, 501] as const,
    ),
  );
});
