import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { FrameReader, encodeFrame } from "../../../src/wire/frame-codec.ts";
import type { RecordedFrame } from "./recording.ts";
import { frameOf } from "./recording.ts";
import { readMessage } from "./sip-peer.ts";
import type { PeerMessage, SipPeer } from "./sip-peer.ts";

const WAIT_MS = 5_000;
const OWN_SEQUENCES = /\b12315\d{4}\b/g; // CSeq numbers that drachtio-server chose

/** A raw control connection: frames in, frames out. */
export class RawApp {
  readonly #socket: Socket;
  readonly #frames: RecordedFrame[] = [];
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined); // a reset is one way for the engine to close it
    const reader = new FrameReader(1_000_000);
    socket.on("data", (bytes: Buffer) => {
      reader.push(bytes.toString("latin1"), (frame) => this.#frames.push(frameOf(frame, "to app")));
      this.#wake?.();
    });
  }

  static async connect(address: { readonly host: string; readonly port: number }): Promise<RawApp> {
    const socket = connect(address);
    await once(socket, "connect");
    return new RawApp(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  send(frame: string): void {
    this.#socket.write(encodeFrame(frame), "latin1");
  }

  async next(matches: (frame: RecordedFrame) => boolean, what: string): Promise<RecordedFrame> {
    const deadline = AbortSignal.timeout(WAIT_MS);
    for (;;) {
      const index = this.#frames.findIndex(matches);
      const [found] = index < 0 ? [] : this.#frames.splice(index, 1);
      if (found !== undefined) {
        return found;
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#wake = resolve;
      deadline.addEventListener("abort", () => {
        reject(new Error(`no frame came for ${what}; unread: ${this.#frames.map((frame) => frame.text).join("\n")}`));
      });
      await promise;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Plays a recording against an engine: the application's frames and the peers' messages are sent, each frame of the
 * server is awaited and compared with what came. Ids that drachtio-server chose stand for ids that the engine chose.
 */
export class Replay {
  readonly #app: RawApp;
  readonly #peers: ReadonlyMap<string, SipPeer>;
  readonly #engine: { readonly host: string; readonly port: number };
  readonly #actual = new Map<string, string>();
  #sequenceShift = 0;

  constructor(
    app: RawApp,
    peers: ReadonlyMap<string, SipPeer>,
    engine: { readonly host: string; readonly port: number },
  ) {
    this.#app = app;
    this.#peers = peers;
    this.#engine = engine;
  }

  async play(frames: readonly RecordedFrame[]): Promise<void> {
    for (const frame of frames) {
      assert.equal(frame.text.length, frame.length, "the recording's own length");
      if (frame.direction === "to server") {
        this.#app.send(this.#toActual(frame.text));
      } else {
        await this.#expect(frame);
      }
    }
  }

  async #expect(expected: RecordedFrame): Promise<void> {
    const [, kind = "", first = ""] = expected.tokens;
    if (kind === "response") {
      const came = await this.#app.next((frame) => frame.tokens[2] === first, `answer to ${first}`);
      this.#compare(expected, came);
      return;
    }
    const message = expected.message ?? "";
    this.#peers.get(expected.tokens[6] ?? "")?.send(this.#toActual(message), this.#engine);
    const startLine = this.#toActual(message.split("\r\n")[0] ?? "");
    const came = await this.#app.next((frame) => frame.message?.startsWith(startLine) === true, startLine);
    this.#compare(expected, came);
  }

  #compare(expected: RecordedFrame, came: RecordedFrame): void {
    const shape = (frame: RecordedFrame): readonly string[] =>
      frame.tokens.map((token, index) => this.#normalToken(token, index));
    assert.equal(came.tokens.length, expected.tokens.length, `${expected.text}\n--\n${came.text}`);
    if (expected.message !== undefined && came.message !== undefined) {
      this.#learnFrom(readMessage(expected.message), readMessage(came.message));
    }
    for (const [index, token] of expected.tokens.entries()) {
      const actual = came.tokens[index] ?? "";
      if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(token) && actual !== "" && index > 0) {
        this.#actual.set(token, actual);
      }
    }
    assert.deepEqual(
      shape(came),
      shape({ ...expected, tokens: expected.tokens.map((token) => this.#toActual(token)) }),
      expected.text,
    );
    if (came.message !== undefined) {
      assert.equal(Number(came.tokens.find((_, index) => index === this.#bytesIndex(came))), came.message.length);
      assert.deepEqual(
        normalHeaders(came.message),
        normalHeaders(this.#toActual(expected.message ?? "")),
        expected.text,
      );
    }
  }

  #bytesIndex(frame: RecordedFrame): number {
    return frame.tokens[1] === "sip" ? 3 : 5;
  }

  /** Ids of frames, times, byte counts and version differ; drachtio-server leaves the protocol empty at times. */
  #normalToken(token: string, index: number): string {
    if (index === 0) {
      return "id";
    }
    if (/^\d\d:\d\d:\d\d\.\d{6}$/.test(token)) {
      return "time";
    }
    if (token.startsWith("v0.9.10")) {
      return "version";
    }
    if (/^(?:tcp|udp)\/.*:5060/.test(token)) {
      return "listening";
    }
    if (/^\d+$/.test(token) && !/^50[679]0$/.test(token)) {
      return "bytes";
    }
    return token === "udp" ? "" : token;
  }

  /** What the engine chose in the place of drachtio-server's ids. */
  #learnFrom(expected: PeerMessage, came: PeerMessage): void {
    const pairs: readonly (readonly [string | undefined, string | undefined])[] = [
      [/branch=([^;]+)/.exec(expected.get("Via"))?.[1], /branch=([^;]+)/.exec(came.get("Via"))?.[1]],
      [/;tag=([^;]+)/.exec(expected.get("From"))?.[1], /;tag=([^;]+)/.exec(came.get("From"))?.[1]],
      [/;tag=([^;]+)/.exec(expected.get("To"))?.[1], /;tag=([^;]+)/.exec(came.get("To"))?.[1]],
      [expected.get("Call-ID"), came.get("Call-ID")],
      [expected.get("RSeq"), came.get("RSeq")],
    ];
    for (const [recorded, actual] of pairs) {
      if (recorded !== undefined && actual !== undefined && recorded.length > 3 && !this.#actual.has(recorded)) {
        this.#actual.set(recorded, actual);
      }
    }
    const recordedSequence = Number.parseInt(expected.get("CSeq"), 10);
    if (recordedSequence > 100_000_000 && this.#sequenceShift === 0) {
      this.#sequenceShift = Number.parseInt(came.get("CSeq"), 10) - recordedSequence;
    }
  }

  #toActual(text: string): string {
    let result = text.replace(OWN_SEQUENCES, (digits) => String(Number(digits) + this.#sequenceShift));
    const headersEnd = result.indexOf("\r\n\r\n");
    const head = headersEnd < 0 ? result : result.slice(0, headersEnd);
    result = head.replaceAll("127.0.0.1", this.#engine.host) + result.slice(head.length);
    for (const [recorded, actual] of this.#actual) {
      result = result.replaceAll(recorded, actual);
    }
    return result;
  }
}

/** Headers with what sofia writes differently taken out: our sent-by has its port, lists keep their spacing. */
function normalHeaders(text: string): readonly string[] {
  const message = readMessage(text);
  return [
    message.startLine,
    ...message.headers
      .map(([name, value]) =>
        `${name}: ${value.replace(/(SIP\/2\.0\/UDP [\d.]+)(?::5060)?;rport;/, "$1;rport;").replaceAll(/,\s*/g, ",")}`.replace(
          /;rport(?==|;)/,
          ";rport",
        ),
      )
      .map((line) =>
        line.replace(
          /^Via: SIP\/2\.0\/UDP ([^;]+)(.*)$/,
          (_all, by: string, rest: string) => `Via: ${by.replace(":5060", "")} ${/branch=[^;]+/.exec(rest)?.[0] ?? ""}`,
        ),
      ),
    message.body,
  ];
}
