import { stat } from "node:fs/promises";
import type { Logger, Part } from "@mss/runtime";
import { readCredentials } from "./certificate-files.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import type { TlsCredentials } from "./credentials.ts";
import { daysLeft, expiryOf } from "./expiry.ts";
import type { Expiry } from "./expiry.ts";

export interface CertificateWatchOptions {
  readonly files: CertificateFiles;
  /** What was read from them and is in use. */
  readonly credentials: TlsCredentials;
  readonly log: Logger;
  /** Told new credentials that are sound. When it throws, the old ones stay in use. */
  readonly onRenewed: (credentials: TlsCredentials) => void;
  /** How often the files are looked at, in milliseconds: new certificates are in use within a second. */
  readonly intervalMs?: number;
  /** Wall clock, in milliseconds. */
  readonly now?: () => number;
}

const INTERVAL_MS = 300; // a change is taken at the second look
const EXPIRY_INTERVAL_MS = 3_600_000;

/** Days before the end at which the log says so, once each. */
const WARN_AT_DAYS = [30, 14, 7, 1] as const;
/** From here on somebody must act now. */
const ERROR_AT_DAYS = 1;

/**
 * Watches the certificate of a node: takes new files into use and tells before it expires. The files are looked at by
 * their size and time, since a directory may be a mount or a link that a watch of the operating system does not see.
 */
export class CertificateWatch implements Part {
  readonly #options: CertificateWatchOptions;
  readonly #now: () => number;
  #credentials: TlsCredentials;
  #expiry: Expiry | undefined;
  #seen = "";
  /** What was seen last, when that is not what is in use. */
  #changed: string | undefined;
  #warnedAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;
  #checking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#credentials = options.credentials;
    this.#expiry = expiryOf(options.credentials);
  }

  /** When the certificate in use, or what it stands on, expires. */
  get expiry(): Expiry | undefined {
    return this.#expiry;
  }

  /** Whole days until then; negative afterwards. */
  get daysLeft(): number | undefined {
    return this.#expiry && daysLeft(this.#expiry.at, this.#now());
  }

  async start(): Promise<void> {
    this.#tellExpiry();
    this.#expiryTimer = setInterval(() => this.#tellExpiry(), EXPIRY_INTERVAL_MS).unref();
    this.#seen = await this.#state();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#expiryTimer);
    await this.#checking;
  }

  /** Looks at the files now, and takes them into use if they are new. Never rejects. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#lookAgain(true));
    return this.#checking;
  }

  #schedule(): void {
    if (this.#isStopped) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#checking = this.#checking.then(() => this.#lookAgain(false));
      void this.#checking.then(() => this.#schedule());
    }, this.#options.intervalMs ?? INTERVAL_MS).unref();
  }

  /** Files that have changed are read when they stay as they are: not all of them are written at one moment. */
  async #lookAgain(isUrgent: boolean): Promise<void> {
    const state = await this.#state();
    const before = this.#changed;
    this.#changed = state === this.#seen ? undefined : state;
    if (this.#isStopped || (!isUrgent && (this.#changed === undefined || this.#changed !== before))) {
      return;
    }
    this.#seen = state;
    const outcome = await readCredentials(this.#options.files);
    if (outcome.kind === "usable") {
      this.#take(outcome.credentials);
      return;
    }
    const { file, problem, advice } = outcome.fault;
    this.#options.log.error({ file, reason: problem, advice }, "new certificate cannot be used, the old one stays");
  }

  #take(credentials: TlsCredentials): void {
    const { certificate, key, authority } = this.#credentials;
    if (credentials.certificate === certificate && credentials.key === key && credentials.authority === authority) {
      return;
    }
    const { log, onRenewed } = this.#options;
    try {
      onRenewed(credentials);
    } catch (err) {
      log.error({ err }, "new certificate cannot be used, the old one stays");
      return;
    }
    this.#credentials = credentials;
    this.#expiry = expiryOf(credentials);
    this.#warnedAt = Number.POSITIVE_INFINITY;
    log.info(
      { certificate: this.#expiry?.subject, validTo: this.#expiry?.at, days: this.daysLeft },
      "certificate renewed",
    );
    this.#tellExpiry();
  }

  #tellExpiry(): void {
    const days = this.daysLeft;
    if (this.#expiry === undefined || days === undefined) {
      return;
    }
    const reached = days < 0 ? -1 : WARN_AT_DAYS.findLast((limit) => days <= limit);
    if (reached === undefined || reached >= this.#warnedAt) {
      return;
    }
    this.#warnedAt = reached;
    const { subject, at, isAuthority } = this.#expiry;
    const advice = isAuthority ? "make a new authority: mss cert --new-authority" : "renew it: mss cert --renew";
    const fields = { certificate: subject, validTo: at, days, advice };
    this.#options.log[days <= ERROR_AT_DAYS ? "error" : "warn"](
      fields,
      days < 0 ? "certificate has expired, new TLS connections will fail" : "certificate expires soon",
    );
  }

  /** Size and time of each file, as one text. */
  async #state(): Promise<string> {
    const { certificate, key, authority } = this.#options.files;
    const parts = await Promise.all(
      [certificate, key, authority].map((file) =>
        stat(file).then(
          ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
          () => "none",
        ),
      ),
    );
    return parts.join("|");
  }
}
