import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { TORTURE_MESSAGES } from "@mss/sip-message/testing";
import type { TortureMessage } from "@mss/sip-message/testing";
import type { AppRequest, AppResponse } from "./support/app.ts";
import { connectApp } from "./support/app.ts";
import { freshHost, startEngine } from "./support/rig.ts";
import type { PeerMessage } from "./support/sip-peer.ts";
import { ByteWiseStream, DatagramPorts } from "./support/torture-peers.ts";

/*
 * Every message on real sockets against a whole engine with a drachtio-srf application behind it: in one datagram, and
 * on TCP with one write a byte. Every cut of a stream in two is in test/transport/torture-cuts.test.ts.
 */

/** What the application answers to everything: nothing that would form a dialog. */
const OF_APPLICATION = 406;
const POLICY = { optionTags: [], inviteTypes: ["application/sdp", "multipart/mixed"] } as const;

function answerAll(_request: AppRequest, response: AppResponse): void {
  response.send(OF_APPLICATION);
}

/** An engine of its own for each message: some of them have the same transaction id. */
async function start(t: TestContext, transport: "udp" | "tcp"): Promise<{ host: string; port: number }> {
  const host = freshHost();
  const { engine } = await startEngine(t, { listen: [{ transport, host, port: 0 }], ...POLICY });
  const app = await connectApp(t, engine);
  app.invite(answerAll);
  app.register(answerAll);
  app.message(answerAll);
  app.options(answerAll);
  return { host, port: engine.listening[0]?.port ?? 0 };
}

function statusOwed({ owed }: TortureMessage): number | undefined {
  return owed === "silence" ? undefined : owed === "application" ? OF_APPLICATION : owed;
}

function check(message: TortureMessage, answer: PeerMessage | undefined): void {
  assert.equal(answer?.status, statusOwed(message), answer?.text ?? message.because);
  const HEADERS: Readonly<Record<number, RegExp>> = {
    405: /^Allow: INVITE, /m,
    415: /^Accept: application\/sdp, multipart\/mixed\r$/m,
    420: /^Unsupported: nothingSupportsThis, nothingSupportsThisEither, noProxiesSupportThis, norDoAnyProxiesSupportThis\r$/m,
    501: /^Allow: INVITE, /m,
  };
  assert.match(answer?.text ?? "", HEADERS[answer?.status ?? 0] ?? /^/);
}

for (const message of TORTURE_MESSAGES) {
  const { name, rfc, section, owed } = message;

  test(`RFC ${rfc} §${section} ${name} in a datagram: ${owed}`, async (t) => {
    const to = await start(t, "udp");
    const peer = await DatagramPorts.open(t, freshHost(), to);
    await peer.untilAnswered(OF_APPLICATION);
    peer.send(message.text);
    // What is owed to the message comes before what is owed to the probe, or not at all.
    check(message, await peer.answerBefore(OF_APPLICATION));
  });

  test(`RFC ${rfc} §${section} ${name} on TCP, byte by byte: ${message.onStream ?? owed}`, async (t) => {
    const to = await start(t, "tcp");
    const peer = await ByteWiseStream.open(t, freshHost(), to);
    await peer.untilAnswered(OF_APPLICATION);
    const [first, second] = message.text.split(/(?<=\r\n)(?=INVITE .*\r\nt:)/); // in two for dblreq only
    await peer.write(first ?? "");
    switch (message.onStream) {
      case undefined: {
        check(message, await peer.answerBefore(OF_APPLICATION));
        break;
      }
      case "breaks": {
        check(message, await peer.lastBeforeEnd());
        break;
      }
      case "two messages": {
        check(message, await peer.answerBefore(OF_APPLICATION));
        // The second is an INVITE without Contact; what its Content-Length leaves over breaks the stream.
        await peer.write(second ?? "");
        assert.deepEqual(await peer.statusesBeforeEnd(), [OF_APPLICATION, 400]);
        break;
      }
      case "waits": {
        const missing = 9999 - message.text.slice(message.text.indexOf("\r\n\r\n") + 4).length;
        assert.equal(peer.finals.length, 0);
        await peer.write("x".repeat(missing));
        assert.equal((await peer.answerBefore(OF_APPLICATION))?.status, OF_APPLICATION);
        break;
      }
    }
  });
}
