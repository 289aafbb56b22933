import type { Socket } from "node:net";
import type { Logger } from "@mss/runtime";
import { plainAddress } from "./addresses.ts";
import { CertificateRefused, TLS_FAILURES, failureOf } from "./tls-failure.ts";
import type { TlsFailureKind } from "./tls-failure.ts";

const QUIET_MS = 60_000;
const MAX_REMEMBERED = 1_000;

/** Whatever any scanner of the internet causes says nothing about our nodes. */
const NOISE: ReadonlySet<TlsFailureKind> = new Set(["timeout", "noTls"]);

export interface TlsEvent {
  readonly error: unknown;
  /** Who was dialled; absent for a connection that was accepted. */
  readonly name?: string;
  readonly host: string;
  readonly port: number;
}

/** Says why handshakes failed: once a minute for each peer and reason, so that a peer cannot fill the disk. */
export class TlsLog {
  readonly #log: Logger;
  readonly #saidAt = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A handshake that failed, or a connection that the peer ended for what it thinks of our certificate. */
  failed(event: TlsEvent): void {
    const kind = failureOf(event.error);
    if (kind === undefined) {
      return; // a reset or a closed port: the connection's business, and told by whoever wanted it
    }
    this.#say(NOISE.has(kind) ? "debug" : "warn", kind, event, "tls handshake failed");
  }

  /** A connection that goes on without a name. */
  servedWithoutName(event: TlsEvent & { readonly error: CertificateRefused }): void {
    this.#say("info", event.error.kind, event, "tls peer is served as one without a certificate");
  }

  #say(level: "debug" | "info" | "warn", kind: TlsFailureKind, event: TlsEvent, message: string): void {
    const { error, name, host, port } = event;
    const key = `${message} ${kind} ${name ?? ""} ${host}`;
    const now = performance.now();
    if (now - (this.#saidAt.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) {
      return;
    }
    if (this.#saidAt.size >= MAX_REMEMBERED) {
      this.#saidAt.clear();
    }
    this.#saidAt.set(key, now);
    const direction = name === undefined ? { from: { host, port } } : { to: { host, port }, peer: name };
    const shown = error instanceof CertificateRefused ? { certificate: error.shown } : {};
    this.#log[level]({ ...direction, ...TLS_FAILURES[kind], ...shown }, message);
  }
}

/** The other side of a socket, as long as the operating system still knows it. */
export function remoteOf(socket: Socket): { readonly host: string; readonly port: number } {
  return { host: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
}
