import assert from "node:assert/strict";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { extensionNumberSchema } from "@mss/model";
import { runBranch, temporaryDirectory } from "./support/branch.ts";
import { branchSettings, floodLimits, passwordOf } from "./support/settings.ts";

/*
 * SEC-27: who walks over the numbers, as svwar and sippts do, learns nothing. With 10,000 of them:
 *   MSS_TEST_NAMES=10000 node --test packages/l-mss/test/enumeration.test.ts
 * What the time of an answer tells: packages/l-mss/bench/enumeration.ts.
 */
const NAMES = Number(process.env["MSS_TEST_NAMES"] ?? 200);
const HOST = "127.17.5.1";
const METHODS = ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"] as const;
const MANY = { perSecond: 1_000_000, burst: 1_000_000 };

/** Numbers of one length; every other one is an extension. */
function numbers(): readonly string[] {
  return Array.from({ length: NAMES }, (_, index) => String(100_000 + index));
}

function isKnown(number: string): boolean {
  return Number(number) % 2 === 0;
}

async function startBranchWithNames(t: TestContext): Promise<void> {
  const known = numbers().filter(isKnown);
  const extensions = new Map(
    known.map((number) => [extensionNumberSchema.parse(number), { secret: passwordOf(number) }] as const),
  );
  const limits = floodLimits({ unknownSource: MANY, unknownSources: MANY, knownSource: MANY });
  const dataDirectory = await temporaryDirectory(t);
  await runBranch(t, branchSettings(HOST, "127.17.5.254", { extensions, numbers: ["1xxxxx"], limits, dataDirectory }));
}

/** A scanner's request: the number in Request-URI, From and To, and credentials of it if they are guessed. */
function probe(method: string, number: string, port: number): string {
  const uri = method === "REGISTER" ? `sip:${HOST}` : `sip:${number}@${HOST}`;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.17.5.2:${port};branch=z9hG4bK${method}${number};rport`,
    `From: <sip:${number}@${HOST}>;tag=${number}`,
    `To: <sip:${number}@${HOST}>`,
    `Call-ID: ${method}${number}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:${number}@127.17.5.2:${port}>`,
    "Max-Forwards: 70",
    ...(method === "SUBSCRIBE" ? ["Event: presence"] : []),
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

function acknowledgement(answer: string, number: string): string {
  const lines = answer.split("\r\n");
  const field = (name: string): string => lines.find((line) => line.startsWith(`${name}:`)) ?? "";
  return [
    `ACK sip:${number}@${HOST} SIP/2.0`,
    field("Via"),
    field("From"),
    field("To"),
    field("Call-ID"),
    "CSeq: 1 ACK",
    "Max-Forwards: 70",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

/** The answer without what must differ between any two: the number asked for, tags, nonces, the clock. */
function normalized(answer: string, number: string): string {
  return answer
    .replaceAll(number, "NUMBER")
    .replace(/(^To:.*;tag=)[0-9a-z]+/im, "$1TAG")
    .replaceAll(/nonce="[^"]+"/g, 'nonce="NONCE"')
    .replace(/^Date:.*$/im, "Date: NOW");
}

class Scanner {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (answer: string) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (bytes) => {
      const answer = bytes.toString("latin1");
      const callId = /^Call-ID: (.*)$/im.exec(answer)?.[1] ?? "";
      if (!answer.startsWith("SIP/2.0 1")) {
        this.#waiting.get(callId)?.(answer);
        this.#waiting.delete(callId);
      }
    });
  }

  static async open(t: TestContext): Promise<Scanner> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.17.5.2");
    await once(socket, "listening");
    t.after(() => socket.close());
    return new Scanner(socket);
  }

  async ask(method: string, number: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.set(`${method}${number}`, resolve);
    this.#send(probe(method, number, this.#socket.address().port));
    const answer = await promise;
    if (method === "INVITE") {
      this.#send(acknowledgement(answer, number));
    }
    return answer;
  }

  #send(text: string): void {
    this.#socket.send(Buffer.from(text, "latin1"), 5060, HOST);
  }
}

const AT_ONCE = 20;

test(`SEC-27: ${NAMES} numbers, every other one an extension: what is answered to each method is the same for all`, async (t) => {
  await startBranchWithNames(t);
  const scanner = await Scanner.open(t);
  for (const method of METHODS) {
    const seen = new Map<string, number>();
    const lengths = new Set<number>();
    const all = numbers();
    for (let first = 0; first < all.length; first += AT_ONCE) {
      const some = all.slice(first, first + AT_ONCE);
      const answers = await Promise.all(some.map((number) => scanner.ask(method, number)));
      for (const [index, answer] of answers.entries()) {
        const kind = normalized(answer, some[index] ?? "");
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        lengths.add(answer.length);
      }
    }
    assert.equal(seen.size, 1, `${method}:\n${[...seen].map(([kind, count]) => `${count} × ${kind}`).join("\n")}`);
    assert.equal(lengths.size, 1, `${method}: answers of ${[...lengths].join(", ")} bytes`);
  }
});
