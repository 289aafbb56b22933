import { constants } from "node:crypto";
import { createServer as createTcpServer, isIP } from "node:net";
import type { Server, Socket } from "node:net";
import { TLSSocket, connect, createSecureContext, createServer } from "node:tls";
import type { SecureContextOptions, Server as TlsServer } from "node:tls";
import { isCertificateOf, subjectNamesOf } from "@mss/certificates";
import type { TlsCredentials } from "@mss/certificates";
import type { Logger } from "@mss/runtime";
import type { AcceptUser, DialOptions, PeerProof, StreamKind } from "./stream-kind.ts";
import { CertificateRefused, failureOfVerdict } from "./tls-failure.ts";
import { TlsLog, remoteOf } from "./tls-log.ts";

/** What is done with a connection whose certificate cannot be believed: expired, of an unknown authority, not its own. */
export type UnprovenPeers =
  /** It ends: nobody comes here but nodes of the federation. */
  | "refuse"
  /** It is served like one without a certificate: phones show those of their makers. */
  | "serve-without-name";

export interface TlsOptions {
  readonly credentials: TlsCredentials;
  /** Of accepted connections; a dialled peer must always prove its name. Default: `serve-without-name`. */
  readonly unprovenPeers?: UnprovenPeers;
}

export interface TlsKindOptions extends TlsOptions {
  /** How long a peer that connects may take to shake hands. SEC-14 of the reliability catalogue. */
  readonly handshakeMs: number;
  readonly log: Logger;
}

/**
 * TLS 1.2 and 1.3. Sessions are not resumed and not renegotiated: every handshake looks at both certificates, so a peer
 * whose certificate is believed no more cannot come back on an old ticket.
 */
function secureOptions({ certificate, key, authority }: TlsCredentials): SecureContextOptions {
  return {
    cert: certificate,
    key,
    ca: authority,
    minVersion: "TLSv1.2",
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}

/** TLS as a stream transport, with credentials that can be changed while it runs. */
export class TlsKind implements StreamKind {
  readonly transport = "tls";
  readonly readyEvent = "secureConnect";
  readonly #options: TlsKindOptions;
  readonly #log: TlsLog;
  readonly #servers = new Set<TlsServer>();
  #credentials: TlsCredentials;

  constructor(options: TlsKindOptions) {
    this.#options = options;
    this.#credentials = options.credentials;
    this.#log = new TlsLog(options.log);
  }

  /**
   * New connections use these from now on; those that are up stay as they are. Throws what OpenSSL says of credentials
   * that cannot be used, and goes on with the old ones.
   */
  renew(credentials: TlsCredentials): void {
    const options = secureOptions(credentials);
    createSecureContext(options); // throws before any of the servers has changed
    for (const server of this.#servers) {
      server.setSecureContext(options);
    }
    this.#credentials = credentials;
  }

  /** Connections are admitted as TCP, before OpenSSL has spent anything on them. */
  createServer(user: AcceptUser): Server {
    const secure = createServer({
      ...secureOptions(this.#credentials),
      requestCert: true,
      rejectUnauthorized: false, // `#onSecure` decides, since phones have no certificate
      handshakeTimeout: this.#options.handshakeMs,
    });
    secure.on("secureConnection", (socket) => this.#onSecure(socket, user));
    secure.on("tlsClientError", (error, socket) => {
      this.#log.failed({ error, ...remoteOf(socket) });
      socket.destroy(); // after a timeout Node leaves it open
    });
    const server = createTcpServer({ noDelay: true }, (socket) => {
      socket.on("error", () => undefined); // told by tlsClientError, or by the secure socket
      if (user.admits(socket)) {
        secure.emit("connection", socket);
      }
    });
    this.#servers.add(secure);
    server.once("close", () => this.#servers.delete(secure));
    return server;
  }

  connect({ host, port, localAddress, name }: DialOptions): Socket {
    const socket = connect({
      host,
      port,
      ...secureOptions(this.#credentials),
      ...(localAddress === undefined ? {} : { localAddress }),
      servername: isIP(name) === 0 ? name : "",
      rejectUnauthorized: false, // `proofOf` decides: it can also say which certificate was shown
      checkServerIdentity: () => undefined,
    });
    socket.setNoDelay(true);
    socket.on("error", (error) => this.#log.failed({ error, host, port, name }));
    return socket;
  }

  /** The certificate is asked for once: on the calling side Node gives the next one of the chain the second time. */
  proofOf(socket: Socket, name: string): PeerProof {
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    if (!(socket instanceof TLSSocket) || certificate === undefined) {
      return { kind: "refused", error: new Error("the peer showed no certificate") };
    }
    if (!socket.authorized) {
      const error = new CertificateRefused(failureOfVerdict(socket.authorizationError), certificate);
      return { kind: "refused", error };
    }
    return isCertificateOf(certificate, name)
      ? { kind: "proven", peerNames: subjectNamesOf(certificate).domains }
      : { kind: "refused", error: new CertificateRefused("otherName", certificate) };
  }

  #onSecure(socket: TLSSocket, user: AcceptUser): void {
    const from = remoteOf(socket);
    socket.on("error", (error) => this.#log.failed({ error, ...from })); // what the peer thinks of our certificate
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined || socket.authorized) {
      user.onSocket(socket, certificate === undefined ? [] : subjectNamesOf(certificate).domains);
      return;
    }
    const error = new CertificateRefused(failureOfVerdict(socket.authorizationError), certificate);
    if (this.#options.unprovenPeers === "refuse") {
      this.#log.failed({ error, ...from });
      socket.destroy();
    } else {
      this.#log.servedWithoutName({ error, ...from });
      user.onSocket(socket, []);
    }
  }
}
