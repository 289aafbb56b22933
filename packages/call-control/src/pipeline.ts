import type { SipHeaders } from "./drachtio/types.ts";
import type { TriedRoute } from "./bridge/tried.ts";
import type { CallErrorCode } from "./errors.ts";

/** The end of a pipeline before its end: what the caller is answered. */
export interface Reply {
  readonly kind: "reply";
  readonly status: number;
  readonly reason?: string;
  readonly headers?: SipHeaders;
  /** For the call record and the log. A reply without code, such as a challenge, leaves no record. */
  readonly code?: CallErrorCode;
  /** Who the caller was found to be, when that was known: `extension:1000`, `branch:hk`. */
  readonly origin?: string;
  /** Ways that lead nowhere now, as `passedOver` of a plan. */
  readonly passedOver?: readonly TriedRoute[];
}

export type Verdict<Context> = { readonly kind: "next"; readonly ctx: Context } | Reply;

/** A step answers or passes on; it cannot forget to. */
export type Step<In, Out> = (ctx: In) => Promise<Verdict<Out>> | Verdict<Out>;

/** Runs steps in order until one replies. It typechecks only if each step takes what the one before it gives. */
export function chain<A, B>(first: Step<A, B>): Step<A, B>;
export function chain<A, B, C>(first: Step<A, B>, second: Step<B, C>): Step<A, C>;
export function chain<A, B, C, D>(first: Step<A, B>, second: Step<B, C>, third: Step<C, D>): Step<A, D>;
export function chain<A, B, C, D, E>(...steps: readonly [Step<A, B>, Step<B, C>, Step<C, D>, Step<D, E>]): Step<A, E>;
export function chain<A, B, C, D, E, F>(
  ...steps: readonly [Step<A, B>, Step<B, C>, Step<C, D>, Step<D, E>, Step<E, F>]
): Step<A, F>;
export function chain(...steps: readonly Step<unknown, unknown>[]): Step<unknown, unknown> {
  return async (start) => {
    let verdict: Verdict<unknown> = { kind: "next", ctx: start };
    for (const step of steps) {
      verdict = await step(verdict.ctx);
      if (verdict.kind === "reply") {
        return verdict;
      }
    }
    return verdict;
  };
}

export function next<Context>(ctx: Context): Verdict<Context> {
  return { kind: "next", ctx };
}
