import type { Logger } from "@mss/runtime";
import type { IncomingRequest } from "../drachtio/types.ts";
import type { DigestAlgorithm } from "./credentials.ts";

export interface DigestGuardOptions {
  readonly realm: string;
  readonly log: Logger;
  /** Signs the nonces; random for each guard when absent, so that a restart challenges once more. At least 32 bytes. */
  readonly secretKey?: Uint8Array;
  readonly nonceLifetimeMs?: number;
  /** Milliseconds since 1970; `steadyNowMs` when absent. */
  readonly now?: () => number;
  /** Offered in this order; SHA-256 then MD5 when absent (RFC 8760 §2.2). */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** 401 for a registrar or user agent, 407 for a proxy. 401 when absent. */
  readonly status?: 401 | 407;
  /** How many nonces in use are remembered; the oldest is forgotten, and its user challenged again. */
  readonly maxNonces?: number;
}

/** Plain secret of a user; undefined when there is no such user. */
export type FindSecret = (username: string) => Promise<string | undefined> | string | undefined;

export type DigestOutcome =
  | { readonly kind: "authenticated"; readonly username: string }
  | {
      readonly kind: "challenge";
      readonly status: 401 | 407;
      /** WWW-Authenticate or Proxy-Authenticate, one value per algorithm. */
      readonly headers: Readonly<Record<string, readonly string[]>>;
      readonly stale: boolean;
      /** True when credentials came and were wrong: what a guess counter counts. A stale nonce is no wrong guess. */
      readonly failed: boolean;
    }
  /** Credentials that cannot become right by trying again: for another URI. */
  | { readonly kind: "refused"; readonly status: 403; readonly reason: string };

/** Server side of digest authentication: RFC 3261 §22, RFC 7616, RFC 8760. qop=auth only. */
export interface DigestGuard {
  check(request: IncomingRequest, findSecret: FindSecret): Promise<DigestOutcome>;
}
