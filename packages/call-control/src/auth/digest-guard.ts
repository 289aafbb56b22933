import { randomBytes, timingSafeEqual } from "node:crypto";
import { SparseWarnings, steadyNowMs } from "@mss/runtime";
import type { IncomingRequest } from "../drachtio/types.ts";
import { formatAuthValue, parseAuthValues } from "./auth-values.ts";
import type { DigestAlgorithm } from "./credentials.ts";
import { algorithmOf, digestResponse } from "./digest-hash.ts";
import { NonceCounts } from "./nonce-counts.ts";
import { NonceMint } from "./nonce.ts";
import type { DigestGuard, DigestGuardOptions, DigestOutcome, FindSecret } from "./types.ts";

const NONCE_LIFETIME_MS = 300_000;
const MAX_NONCES = 50_000;
const KEY_BYTES = 32;
const NONCE_COUNT = /^[0-9a-f]{8}$/i;
const RESPONSE = { "SHA-256": /^[0-9a-f]{64}$/i, MD5: /^[0-9a-f]{32}$/i } as const;
const MAX_CNONCE_LENGTH = 256;

/** Well-formed credentials for our realm. */
interface Credentials {
  readonly username: string;
  readonly algorithm: DigestAlgorithm;
  readonly nonce: string;
  readonly uri: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly response: string;
}

/**
 * The server side of digest authentication. A nonce is good for its client's address, for five minutes, and each of its
 * counts once. An unknown user costs the same work and gets the same challenge as a wrong secret.
 */
export function createDigestGuard(options: DigestGuardOptions): DigestGuard {
  return new Guard(options);
}

class Guard implements DigestGuard {
  readonly #options: DigestGuardOptions;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #status: 401 | 407;
  readonly #mint: NonceMint;
  readonly #counts: NonceCounts;
  readonly #warnings: SparseWarnings;
  readonly #now: () => number;
  /** Stands for the secret of users that do not exist. */
  readonly #noSecret = randomBytes(KEY_BYTES).toString("hex");

  constructor(options: DigestGuardOptions) {
    const lifetimeMs = options.nonceLifetimeMs ?? NONCE_LIFETIME_MS;
    this.#options = options;
    this.#warnings = new SparseWarnings({ log: options.log });
    this.#algorithms = options.algorithms ?? ["SHA-256", "MD5"];
    this.#status = options.status ?? 401;
    this.#now = options.now ?? steadyNowMs;
    this.#mint = new NonceMint({
      key: options.secretKey ?? randomBytes(KEY_BYTES),
      realm: options.realm,
      lifetimeMs,
    });
    this.#counts = new NonceCounts({ maxNonces: options.maxNonces ?? MAX_NONCES, lifetimeMs });
  }

  async check(request: IncomingRequest, findSecret: FindSecret): Promise<DigestOutcome> {
    const credentials = this.#credentialsOf(request);
    if (credentials === undefined) {
      return this.#challenge(request, { stale: false, failed: false });
    }
    if (credentials.uri !== request.requestUri) {
      return { kind: "refused", status: 403, reason: "Credentials Are For Another URI" };
    }
    const secret = await findSecret(credentials.username);
    const expected = digestResponse({
      ...credentials,
      realm: this.#options.realm,
      secret: secret ?? this.#noSecret,
      method: request.method,
    });
    const isRight = equalInConstantTime(expected, credentials.response.toLowerCase()) && secret !== undefined;
    if (!isRight) {
      return this.#challenge(request, { stale: false, failed: true });
    }
    return this.#checkNonce(request, credentials);
  }

  /** Only for a right response: who knows the secret may learn that just the nonce is old (RFC 7616 §3.3 `stale`). */
  #checkNonce(request: IncomingRequest, { nonce, nc, username }: Credentials): DigestOutcome {
    const nowMs = this.#now();
    const verdict = this.#mint.verify(nonce, request.source.host, nowMs);
    if (verdict.kind !== "valid") {
      return this.#challenge(request, { stale: true, failed: false });
    }
    const count = this.#counts.use({ text: nonce, issuedAtMs: verdict.issuedAtMs }, Number.parseInt(nc, 16), nowMs);
    if (count === "fresh") {
      return { kind: "authenticated", username };
    }
    if (count === "replayed") {
      const { source: peer, callId } = request;
      this.#warnings.warn(peer.host, { peer, callId }, "nonce count was used before");
    }
    return this.#challenge(request, { stale: true, failed: false });
  }

  #credentialsOf(request: IncomingRequest): Credentials | undefined {
    const header = request.header(this.#status === 401 ? "Authorization" : "Proxy-Authorization");
    const values = header === undefined ? undefined : parseAuthValues(header);
    const params = values?.find(
      (value) => value.scheme === "digest" && value.params.get("realm") === this.#options.realm,
    )?.params;
    const algorithm = params === undefined ? undefined : algorithmOf(params.get("algorithm"));
    if (params === undefined || algorithm === undefined || !this.#algorithms.includes(algorithm)) {
      return undefined;
    }
    const [username = "", nonce = "", uri = "", nc = "", cnonce = "", response = ""] = [
      "username",
      "nonce",
      "uri",
      "nc",
      "cnonce",
      "response",
    ].map((name) => params.get(name));
    const isWellFormed =
      username !== "" &&
      params.get("qop")?.toLowerCase() === "auth" && // no fall-back to RFC 2069, which has no replay protection
      NONCE_COUNT.test(nc) &&
      Number.parseInt(nc, 16) > 0 &&
      cnonce !== "" &&
      cnonce.length <= MAX_CNONCE_LENGTH &&
      RESPONSE[algorithm].test(response);
    return isWellFormed ? { username, algorithm, nonce, uri, nc, cnonce, response } : undefined;
  }

  #challenge(request: IncomingRequest, { stale, failed }: { stale: boolean; failed: boolean }): DigestOutcome {
    const nonce = this.#mint.issue(request.source.host, this.#now());
    const values = this.#algorithms.map((algorithm) =>
      formatAuthValue([
        ["realm", this.#options.realm, "quoted"],
        ["nonce", nonce, "quoted"],
        ["algorithm", algorithm, "bare"],
        ["qop", "auth", "quoted"],
        ...(stale ? [["stale", "true", "bare"] as const] : []),
      ]),
    );
    const name = this.#status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
    return { kind: "challenge", status: this.#status, headers: { [name]: values }, stale, failed };
  }
}

function equalInConstantTime(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
