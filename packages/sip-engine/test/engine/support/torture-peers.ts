import { once } from "node:events";
import { createSocket } from "node:dgram";
import type { Socket as DatagramSocket } from "node:dgram";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { defer } from "./defer.ts";
import type { PeerMessage } from "./sip-peer.ts";
import { readMessage } from "./sip-peer.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The ports that the messages name in their top Via, where they ask for no rport; the first is the source of all. */
const PORTS = [5060, 5050, 6050, 19_823];

/** Final responses as they come, and a probe that tells when everything before it was answered. */
class Answers {
  readonly finals: PeerMessage[] = [];
  #wake: () => void = () => undefined;
  #probes = 0;

  take(message: PeerMessage): void {
    if ((message.status ?? 0) >= 200) {
      this.finals.push(message);
    }
    this.#wake();
  }

  wake(): void {
    this.#wake();
  }

  probe(transport: string, { host, port }: Address): { readonly callId: string; readonly text: string } {
    this.#probes += 1;
    const callId = `probe-${this.#probes}@${host}`;
    const lines = [
      "OPTIONS sip:probe SIP/2.0",
      `Via: SIP/2.0/${transport} ${host}:${port};branch=z9hG4bKprobe${this.#probes}`,
      "Max-Forwards: 70",
      "From: <sip:probe>;tag=1",
      "To: <sip:probe>",
      `Call-ID: ${callId}`,
      "CSeq: 1 OPTIONS",
      "Content-Length: 0",
    ];
    return { callId, text: `${lines.join("\r\n")}\r\n\r\n` };
  }

  /** The answer to the probe, once it is there; all that was not a probe's stays. */
  async untilProbe(callId: string): Promise<PeerMessage> {
    let found = this.#take(callId);
    while (found === undefined) {
      await this.news();
      found = this.#take(callId);
    }
    return found;
  }

  news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  /** Repetitions of an answer, which UDP allows, count once. */
  first(): PeerMessage | undefined {
    return this.finals[0];
  }

  #take(callId: string): PeerMessage | undefined {
    const index = this.finals.findIndex((message) => message.get("Call-ID") === callId);
    return index === -1 ? undefined : this.finals.splice(index, 1)[0];
  }
}

/** A UDP peer on every port that an answer may go to. */
export class DatagramPorts {
  readonly #answers = new Answers();
  readonly #sockets: readonly DatagramSocket[];
  readonly #own: Address;
  readonly #to: Address;

  private constructor(sockets: readonly DatagramSocket[], own: Address, to: Address) {
    this.#sockets = sockets;
    this.#own = own;
    this.#to = to;
    for (const socket of sockets) {
      socket.on("message", (bytes) => this.#answers.take(readMessage(bytes.toString("latin1"))));
    }
  }

  static async open(t: TestContext, host: string, to: Address): Promise<DatagramPorts> {
    const sockets: DatagramSocket[] = [];
    for (const port of PORTS) {
      const socket = createSocket("udp4");
      socket.bind(port, host);
      await once(socket, "listening");
      defer(t, () => void socket.close());
      sockets.push(socket);
    }
    return new DatagramPorts(sockets, { host, port: PORTS[0] ?? 0 }, to);
  }

  send(text: string): void {
    this.#sockets[0]?.send(Buffer.from(text, "latin1"), this.#to.port, this.#to.host);
  }

  /** Resolves when the application has told the engine what it wants: it answers. */
  async untilAnswered(status: number): Promise<void> {
    while ((await this.#ask()).status !== status) {
      // refused while the application's wishes are on their way
    }
  }

  /** What was answered before a probe that is sent now. */
  async answerBefore(status: number): Promise<PeerMessage | undefined> {
    await this.untilAnswered(status);
    return this.#answers.first();
  }

  #ask(): Promise<PeerMessage> {
    const { callId, text } = this.#answers.probe("UDP", this.#own);
    this.send(text);
    return this.#answers.untilProbe(callId);
  }
}

/** A TCP peer that writes one byte at a time. */
export class ByteWiseStream {
  readonly #answers = new Answers();
  readonly #socket: Socket;
  readonly #own: Address;
  #text = "";
  #isEnded = false;

  private constructor(socket: Socket, own: Address) {
    this.#socket = socket;
    this.#own = own;
    socket.setEncoding("latin1");
    socket.on("error", () => undefined);
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#cut();
    });
    socket.on("close", () => {
      this.#isEnded = true;
      this.#answers.wake();
    });
  }

  static async open(t: TestContext, host: string, to: Address): Promise<ByteWiseStream> {
    const socket = connect({ ...to, localAddress: host, noDelay: true });
    await once(socket, "connect");
    defer(t, () => void socket.destroy());
    return new ByteWiseStream(socket, { host, port: socket.localPort ?? 0 });
  }

  get finals(): readonly PeerMessage[] {
    return this.#answers.finals;
  }

  /** One segment a byte: the next is written when the operating system has taken the one before. */
  async write(text: string): Promise<void> {
    for (const byte of text) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#socket.write(byte, "latin1", () => resolve());
      await promise;
    }
  }

  async untilAnswered(status: number): Promise<void> {
    while ((await this.#ask()).status !== status) {
      // refused while the application's wishes are on their way
    }
  }

  async answerBefore(status: number): Promise<PeerMessage | undefined> {
    await this.untilAnswered(status);
    return this.#answers.first();
  }

  /** The one answer that came before the engine closed the connection. */
  async lastBeforeEnd(): Promise<PeerMessage | undefined> {
    await this.statusesBeforeEnd();
    return this.finals.length === 1 ? this.finals[0] : undefined;
  }

  async statusesBeforeEnd(): Promise<readonly (number | undefined)[]> {
    while (!this.#isEnded) {
      await this.#answers.news();
    }
    return this.finals.map(({ status }) => status);
  }

  async #ask(): Promise<PeerMessage> {
    const { callId, text } = this.#answers.probe("TCP", this.#own);
    this.#socket.write(text, "latin1");
    return await this.#answers.untilProbe(callId);
  }

  #cut(): void {
    for (;;) {
      const end = this.#text.indexOf("\r\n\r\n");
      const length = Number(/\r\nContent-Length: (\d+)/i.exec(this.#text)?.[1] ?? 0);
      if (end < 0 || this.#text.length < end + 4 + length) {
        return;
      }
      this.#answers.take(readMessage(this.#text.slice(0, end + 4 + length)));
      this.#text = this.#text.slice(end + 4 + length);
    }
  }
}
