const WINDOW = 128;
const WINDOW_MASK = (1n << BigInt(WINDOW)) - 1n;

interface CountWindow {
  readonly issuedAtMs: number;
  highest: number;
  /** Bit n: `highest - n` was used. */
  used: bigint;
}

export type CountVerdict = "fresh" | "replayed" | "forgotten";

/**
 * Which nonce counts were used. The last 128 of each nonce may come in any order, because parallel requests over UDP
 * do; older and used ones are replays. Only nonces of authenticated requests get here, and at most `maxNonces` are kept:
 * what was issued no later than one that was dropped is `forgotten`, never fresh again.
 */
export class NonceCounts {
  readonly #windows = new Map<string, CountWindow>();
  readonly #maxNonces: number;
  readonly #lifetimeMs: number;
  #forgottenUntilMs = -1;

  constructor(options: { readonly maxNonces: number; readonly lifetimeMs: number }) {
    this.#maxNonces = options.maxNonces;
    this.#lifetimeMs = options.lifetimeMs;
  }

  get size(): number {
    return this.#windows.size;
  }

  use(nonce: { readonly text: string; readonly issuedAtMs: number }, count: number, nowMs: number): CountVerdict {
    const window = this.#windows.get(nonce.text);
    if (window !== undefined) {
      return useInWindow(window, count);
    }
    if (nonce.issuedAtMs <= this.#forgottenUntilMs) {
      return "forgotten";
    }
    this.#windows.set(nonce.text, { issuedAtMs: nonce.issuedAtMs, highest: count, used: 1n });
    this.#dropOld(nowMs);
    return "fresh";
  }

  #dropOld(nowMs: number): void {
    for (const [text, { issuedAtMs }] of this.#windows) {
      const expired = nowMs - issuedAtMs > this.#lifetimeMs;
      if (!expired && this.#windows.size <= this.#maxNonces) {
        return;
      }
      this.#windows.delete(text);
      if (!expired) {
        this.#forgottenUntilMs = Math.max(this.#forgottenUntilMs, issuedAtMs);
      }
    }
  }
}

function useInWindow(window: CountWindow, count: number): CountVerdict {
  if (count > window.highest) {
    const ahead = count - window.highest;
    window.used = ahead >= WINDOW ? 1n : ((window.used << BigInt(ahead)) | 1n) & WINDOW_MASK;
    window.highest = count;
    return "fresh";
  }
  const behind = window.highest - count;
  if (behind >= WINDOW) {
    return "replayed";
  }
  const bit = 1n << BigInt(behind);
  if ((window.used & bit) !== 0n) {
    return "replayed";
  }
  window.used |= bit;
  return "fresh";
}
