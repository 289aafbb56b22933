import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";

export type NonceVerdict =
  | { readonly kind: "valid"; readonly issuedAtMs: number }
  /** Ours, but too old. */
  | { readonly kind: "expired" }
  /** Not ours, or made for another client. */
  | { readonly kind: "foreign" };

const SALT_BYTES = 9;
const TIME_BYTES = 6;
const MAC_BYTES = 16;
const TOTAL_BYTES = TIME_BYTES + SALT_BYTES + MAC_BYTES;
/** Of the clocks of two processes that share a key. Further ahead means that the clock went back. */
const MAX_SKEW_MS = 60_000;
const NONCE = /^[A-Za-z0-9_-]{42}$/; // base64url of 31 bytes

/**
 * Nonces that carry their own proof: time, salt, and an HMAC of both with the client's address and the realm. Nothing is
 * stored for a challenge, so that challenges cost an attacker's traffic and not our memory.
 */
export class NonceMint {
  readonly #key: KeyObject; // made once: it costs more than the hash
  readonly #realm: string;
  readonly #lifetimeMs: number;

  constructor(options: { readonly key: Uint8Array; readonly realm: string; readonly lifetimeMs: number }) {
    this.#key = createSecretKey(options.key);
    this.#realm = options.realm;
    this.#lifetimeMs = options.lifetimeMs;
  }

  issue(clientHost: string, nowMs: number): string {
    const bytes = Buffer.alloc(TOTAL_BYTES);
    bytes.writeUIntBE(nowMs, 0, TIME_BYTES);
    randomBytes(SALT_BYTES).copy(bytes, TIME_BYTES);
    this.#mac(bytes.subarray(0, TIME_BYTES + SALT_BYTES), clientHost).copy(bytes, TIME_BYTES + SALT_BYTES);
    return bytes.toString("base64url");
  }

  verify(nonce: string, clientHost: string, nowMs: number): NonceVerdict {
    if (!NONCE.test(nonce)) {
      return { kind: "foreign" };
    }
    const bytes = Buffer.from(nonce, "base64url");
    const signed = bytes.subarray(0, TIME_BYTES + SALT_BYTES);
    // A second spelling of the same bytes would be a second nonce with counts of its own.
    const canonical = bytes.toString("base64url") === nonce;
    if (!canonical || !timingSafeEqual(this.#mac(signed, clientHost), bytes.subarray(TIME_BYTES + SALT_BYTES))) {
      return { kind: "foreign" };
    }
    const issuedAtMs = bytes.readUIntBE(0, TIME_BYTES);
    const expired = nowMs - issuedAtMs > this.#lifetimeMs || issuedAtMs > nowMs + MAX_SKEW_MS;
    return expired ? { kind: "expired" } : { kind: "valid", issuedAtMs };
  }

  #mac(signed: Uint8Array, clientHost: string): Buffer {
    return createHmac("sha256", this.#key)
      .update(signed)
      .update(`${this.#realm}\n${clientHost}`)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}
