import type { Attempt } from "../bridge/header-policy.ts";

/** What an INVITE of a peer is to the calls of this node. */
export type Standing<Owner> =
  | { readonly kind: "new" }
  /** A call that is here comes by another way. */
  | { readonly kind: "continues"; readonly call: Owner }
  /** A later attempt has been here: this one was held back on its way, and its caller has given it up. */
  | { readonly kind: "stale" }
  /** The callee has had this call, which its caller does not know yet. */
  | { readonly kind: "over"; readonly status: number }
  /** It carries on a call that is not here (any more). */
  | { readonly kind: "unknown" };

/** What became of a call. */
export interface SessionEnd {
  /** That the caller was answered. */
  readonly status: number;
  /** Nobody was rung, or nobody has heard it to the end: another attempt may ring. */
  readonly mayRing: boolean;
}

interface Past extends SessionEnd {
  readonly attempt: number;
  readonly forgetAt: number;
}

/** A message that a node or a line has held back may come so much later. */
const REMEMBER_MS = 300_000;
const MAX_PAST = 20_000;

/** The sessions whose callee is here, by id and number, those that are over included for a while. */
export class SessionLedger<Owner> {
  readonly #live = new Map<string, { call: Owner; attempt: number }>();
  /** In the order in which they ended. */
  readonly #past = new Map<string, Past>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  standingOf(sessionId: string, called: string, attempt: Attempt): Standing<Owner> {
    const { number, resumes } = attempt;
    const key = keyOf(sessionId, called, attempt);
    const live = this.#live.get(key);
    if (live !== undefined) {
      return number > live.attempt ? { kind: "continues", call: live.call } : { kind: "stale" };
    }
    if (resumes) {
      return { kind: "unknown" };
    }
    const past = this.#past.get(key);
    if (past === undefined || past.forgetAt < this.#now()) {
      return { kind: "new" };
    }
    return number <= past.attempt
      ? { kind: "stale" }
      : past.mayRing
        ? { kind: "new" }
        : { kind: "over", status: past.status };
  }

  /** The call is in the hands of that attempt from now on. Returns the function that says it is over. */
  enter(
    sessionId: string,
    called: string,
    { call, attempt }: { readonly call: Owner; readonly attempt: Attempt },
  ): (end: SessionEnd) => void {
    const key = keyOf(sessionId, called, attempt);
    this.#live.set(key, { call, attempt: attempt.number });
    return (end) => {
      const live = this.#live.get(key);
      if (live?.call === call) {
        this.#live.delete(key);
        this.#past.delete(key);
        this.#past.set(key, { ...end, attempt: live.attempt, forgetAt: this.#now() + REMEMBER_MS });
        this.#prune();
      }
    };
  }

  #prune(): void {
    for (const [key, { forgetAt }] of this.#past) {
      if (forgetAt > this.#now() && this.#past.size <= MAX_PAST) {
        return;
      }
      this.#past.delete(key);
    }
  }
}

function keyOf(sessionId: string, called: string, { call = "" }: Attempt): string {
  return `${sessionId} ${call} ${called}`;
}
