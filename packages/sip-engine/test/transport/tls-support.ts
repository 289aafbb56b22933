import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { TestContext } from "node:test";
import type { TlsCredentials } from "@mss/certificates";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";
import type { IssuedPair } from "@mss/certificates/issue";
import type { Logger } from "@mss/runtime";
import { createLog } from "@mss/runtime";
import { HOST, PEER_HOST } from "./support.ts";
import type { HostPort } from "../../src/transport/types.ts";

const DAY_MS = 86_400_000;
const FEDERATION = "acme";

/** From and to, in days from now. */
type Days = readonly [from: number, to: number];

export interface NodeOptions {
  readonly days?: Days;
  readonly authority?: IssuedPair;
  readonly addresses?: readonly string[];
}

/** An authority of a test and the nodes that it knows. */
export interface TestAuthority {
  readonly pair: IssuedPair;
  /** Credentials of a node with that domain, which believe this authority whoever issued them. */
  node(domain: string, options?: NodeOptions): Promise<TlsCredentials>;
}

function validity([from, to]: Days): { readonly from: Date; readonly to: Date } {
  return { from: new Date(Date.now() + from * DAY_MS), to: new Date(Date.now() + to * DAY_MS) };
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const pair = await issueAuthority({ federation: FEDERATION, validity: validity([-30, 30]), keyType: "ec" });
  return {
    pair,
    node: async (domain, options = {}) => {
      const { days = [-1, 7], authority = pair, addresses = [HOST, PEER_HOST] } = options;
      const issued = await issueNodeCertificate({
        authority,
        names: { domains: [domain], addresses },
        validity: validity(days),
        keyType: "ec",
      });
      return { ...issued, authority: pair.certificate };
    },
  };
}

type ClientOptions = ConnectionOptions & { readonly localAddress?: string };

/** A client of Node's own, which has shaken hands; rejects when the connection ends before. */
export async function openSecure(t: TestContext, to: HostPort, options: ClientOptions = {}): Promise<TLSSocket> {
  const socket = dialSecure(t, to, options);
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  socket.once("secureConnect", () => resolve(socket));
  socket.once("close", () => reject(new Error("no handshake")));
  return await promise;
}

/** The same before it has shaken hands. Errors are left to the test. */
export function dialSecure(t: TestContext, to: HostPort, options: ClientOptions = {}): TLSSocket {
  const { host, port } = to;
  const socket = connect({ localAddress: PEER_HOST, ...options, rejectUnauthorized: false, host, port });
  socket.setEncoding("latin1");
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly reason?: string;
  readonly advice?: string;
  readonly peer?: string;
  readonly certificate?: Readonly<Record<string, string>>;
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === "object" && value !== null && "level" in value && "msg" in value;
}

/** A log that keeps what is said from `debug` on. */
export function recordingLog(): { readonly log: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const write = (text: string): void => {
    const line: unknown = JSON.parse(text);
    if (isLogLine(line)) {
      lines.push(line);
    }
  };
  return { log: createLog({ level: "debug", destination: { write } }), lines };
}
