import { randomBytes } from "node:crypto";
import { parseAuthValues, formatAuthValue } from "./auth-values.ts";
import type { AuthValue } from "./auth-values.ts";
import { algorithmOf, digestResponse } from "./digest-hash.ts";
import type { ClientCredentials, DigestAlgorithm } from "./credentials.ts";

/** What a request is to be signed for. */
export interface SignedRequest {
  /** Next hop, or the host of the Request-URI: nonces are not mixed between peers. */
  readonly peer: string;
  readonly credentials: ClientCredentials;
  readonly method: string;
  readonly uri: string;
}

export interface ChallengedRequest extends SignedRequest {
  readonly response: { readonly status: number; header(name: string): string | undefined };
}

interface Challenge {
  readonly header: "Authorization" | "Proxy-Authorization";
  readonly algorithm: DigestAlgorithm;
  readonly nonce: string;
  readonly opaque: string | undefined;
}

interface KnownNonce {
  readonly challenge: Challenge;
  count: number;
}

const MAX_PEERS = 1_000;
const MAX_NONCE_LENGTH = 512;

/**
 * Answers challenges, and signs the next request to the same peer without waiting for one. It answers a challenge only
 * for the realm of the credentials that were configured for that peer (CVE-2021-41158), with SHA-256 before MD5
 * (RFC 8760 §2.4) and qop=auth only.
 */
export class DigestClient {
  readonly #nonces = new Map<string, KnownNonce>();

  /** The header that answers a 401 or 407; undefined when it cannot or must not be answered. */
  answer(request: ChallengedRequest): Readonly<Record<string, string>> | undefined {
    const challenge = chooseChallenge(request);
    if (challenge === undefined) {
      this.#nonces.delete(keyOf(request));
      return undefined;
    }
    const known: KnownNonce = { challenge, count: 0 };
    this.#remember(keyOf(request), known);
    return sign(request, known);
  }

  /** The header for a request to a peer that has challenged before; undefined when there is no nonce of it. */
  preempt(request: SignedRequest): Readonly<Record<string, string>> | undefined {
    const known = this.#nonces.get(keyOf(request));
    return known === undefined ? undefined : sign(request, known);
  }

  #remember(key: string, known: KnownNonce): void {
    this.#nonces.delete(key);
    this.#nonces.set(key, known);
    if (this.#nonces.size > MAX_PEERS) {
      const [oldest = key] = this.#nonces.keys();
      this.#nonces.delete(oldest);
    }
  }
}

function keyOf({ peer, credentials }: SignedRequest): string {
  return `${peer}\n${credentials.realm}\n${credentials.username}`;
}

function chooseChallenge({ response, credentials }: ChallengedRequest): Challenge | undefined {
  const proxy = response.status === 407;
  if (!proxy && response.status !== 401) {
    return undefined;
  }
  const values = parseAuthValues(response.header(proxy ? "Proxy-Authenticate" : "WWW-Authenticate") ?? "") ?? [];
  const header = proxy ? "Proxy-Authorization" : "Authorization";
  const usable = values.flatMap((value) => {
    const challenge = usableChallenge(value, credentials.realm);
    return challenge === undefined ? [] : [{ header, ...challenge } as const];
  });
  return usable.find(({ algorithm }) => algorithm === "SHA-256") ?? usable[0];
}

function usableChallenge({ scheme, params }: AuthValue, realm: string): Omit<Challenge, "header"> | undefined {
  const algorithm = algorithmOf(params.get("algorithm"));
  const nonce = params.get("nonce") ?? "";
  const offersAuth = (params.get("qop") ?? "").split(",").some((qop) => qop.trim().toLowerCase() === "auth");
  if (scheme !== "digest" || params.get("realm") !== realm || algorithm === undefined || !offersAuth) {
    return undefined;
  }
  return nonce === "" || nonce.length > MAX_NONCE_LENGTH
    ? undefined
    : { algorithm, nonce, opaque: params.get("opaque") };
}

function sign({ credentials, method, uri }: SignedRequest, known: KnownNonce): Readonly<Record<string, string>> {
  known.count += 1;
  const { algorithm, nonce, opaque, header } = known.challenge;
  const nc = known.count.toString(16).padStart(8, "0");
  const cnonce = randomBytes(12).toString("hex");
  const response = digestResponse({ ...credentials, algorithm, method, uri, nonce, nc, cnonce });
  const value = formatAuthValue([
    ["username", credentials.username, "quoted"],
    ["realm", credentials.realm, "quoted"],
    ["nonce", nonce, "quoted"],
    ["uri", uri, "quoted"],
    ["response", response, "quoted"],
    ["algorithm", algorithm, "bare"],
    ["cnonce", cnonce, "quoted"],
    ["qop", "auth", "bare"],
    ["nc", nc, "bare"],
    ...(opaque === undefined ? [] : [["opaque", opaque, "quoted"] as const]),
  ]);
  return { [header]: value };
}
