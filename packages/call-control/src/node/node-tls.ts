import { CertificateWatch, readCredentials } from "@mss/certificates";
import type { TlsCredentials } from "@mss/certificates";
import type { TlsSettings, TransportAddress } from "@mss/model";
import { CodedError } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";

/** What keeps a node that must speak TLS from starting. */
export const NODE_ERRORS = {
  CERTIFICATE_UNUSABLE: "there is no certificate for TLS that could be used",
  CERTIFICATES_UNSEEN: "a trunk asks for certificates, and the SIP engine does not tell whose it has seen",
} as const satisfies Record<string, string>;

export type NodeErrorCode = keyof typeof NODE_ERRORS;

export class NodeError extends CodedError<NodeErrorCode> {
  constructor(code: NodeErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, NODE_ERRORS[code], details, options);
  }
}

export interface NodeTlsOptions {
  readonly listen: readonly TransportAddress[];
  readonly tls?: TlsSettings;
  /** A trunk asks for certificates: TLS must be there, whether it is listened on by name or not. */
  readonly requiresCertificates: boolean;
  /** The certificate is needed for HTTPS, too. */
  readonly servesHttps?: boolean;
  /** False for a drachtio-server, which has TLS of its own configuration and tells no names. */
  readonly isEmbedded: boolean;
  readonly log: Logger;
}

/** The certificate of a node as health and metrics tell it. */
export interface CertificateStatus {
  readonly subject: string;
  /** ISO 8601, UTC: when it, or what it stands on, expires. */
  readonly validTo: string;
  /** Whole days; negative when it has expired. */
  readonly daysLeft: number;
}

/** What takes new credentials into use. */
export interface TlsEngine {
  renewCredentials(credentials: TlsCredentials): void;
}

/** TLS of one node: what it listens on, with which credentials, and their renewal. */
export class NodeTls {
  /** With TLS by default, where there is a certificate. */
  readonly listen: readonly TransportAddress[];
  /** Absent: no TLS. */
  readonly credentials: TlsCredentials | undefined;
  readonly #options: NodeTlsOptions;
  #watch: CertificateWatch | undefined;

  private constructor(
    options: NodeTlsOptions,
    found: { readonly listen: readonly TransportAddress[]; readonly credentials: TlsCredentials | undefined },
  ) {
    this.#options = options;
    this.listen = found.listen;
    this.credentials = found.credentials;
  }

  /** Reads the certificate. Rejects with `CERTIFICATE_UNUSABLE` or `CERTIFICATES_UNSEEN` where the node needs what is not there. */
  static async open(options: NodeTlsOptions): Promise<NodeTls> {
    const { listen, tls, requiresCertificates, isEmbedded, servesHttps = false } = options;
    if (!isEmbedded && requiresCertificates) {
      throw new NodeError("CERTIFICATES_UNSEEN", {
        advice: "use the embedded engine, or take requireCertificate out",
      });
    }
    if (!isEmbedded && !servesHttps) {
      return new NodeTls(options, { listen, credentials: undefined });
    }
    const isNeeded = servesHttps || requiresCertificates || listen.some(({ transport }) => transport === "tls");
    if (tls === undefined || (!isNeeded && tls.defaultListen.length === 0)) {
      return new NodeTls(options, { listen, credentials: undefined });
    }
    const outcome = await readCredentials(tls);
    if (outcome.kind === "usable") {
      const { credentials } = outcome;
      return new NodeTls(options, { listen: isEmbedded ? [...listen, ...tls.defaultListen] : listen, credentials });
    }
    const { file, problem, advice, part, isMissing } = outcome.fault;
    if (isNeeded) {
      throw new NodeError("CERTIFICATE_UNUSABLE", { file, reason: problem, advice });
    }
    const level = isMissing && part === "certificate" ? "info" : "error";
    options.log[level]({ file, reason: problem, advice }, "no TLS without a certificate");
    return new NodeTls(options, { listen, credentials: undefined });
  }

  /** Takes new files into use at engine and HTTPS server while they run; undefined without TLS. */
  watch(...users: readonly (TlsEngine | undefined)[]): Part | undefined {
    const { tls, log } = this.#options;
    if (users.every((user) => user === undefined) || tls === undefined || this.credentials === undefined) {
      return undefined;
    }
    this.#watch = new CertificateWatch({
      files: tls,
      credentials: this.credentials,
      log,
      onRenewed: (credentials) => {
        for (const user of users) {
          user?.renewCredentials(credentials);
        }
      },
    });
    return this.#watch;
  }

  /** Looks at the files now. Never rejects. */
  async reload(): Promise<void> {
    await this.#watch?.check();
  }

  status(): CertificateStatus | undefined {
    const { expiry, daysLeft } = this.#watch ?? {};
    return expiry === undefined || daysLeft === undefined
      ? undefined
      : { subject: expiry.subject, validTo: expiry.at.toISOString(), daysLeft };
  }
}
