import { asksToBeHidden } from "../bridge/identity.ts";
import type { LegOffer } from "../bridge/callee-leg.ts";
import { attemptOf, withoutReliability } from "../bridge/header-policy.ts";
import type { Attempt } from "../bridge/header-policy.ts";
import { legOffer } from "../bridge/leg-offer.ts";
import type { BridgePlan, CallTarget, Party } from "../bridge/types.ts";
import type { CallLimits } from "../call-control-types.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";

/** What is known of a call when somebody is to be told of it. */
export interface CallFacts {
  readonly invite: ServerTransaction;
  readonly plan: BridgePlan;
  readonly sessionId: string;
}

export interface CallOffersOptions {
  readonly limits: Required<CallLimits>;
  /** The name of this one. */
  readonly node: string;
  /** As they are now: a call may get another INVITE. */
  readonly facts: () => CallFacts;
}

/** What the callees of one call are offered, and how often it has been tried. */
export class CallOffers {
  readonly #options: CallOffersOptions;
  /** INVITEs towards the callee that could have rung it. */
  #attempts = 0;
  #callerMedia: string | undefined;

  constructor(options: CallOffersOptions) {
    this.#options = options;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** An attempt of somebody before us goes on with its number; ours are counted by the steps. */
  first(target: CallTarget, { alone, step }: { readonly alone: boolean; readonly step: number }): LegOffer {
    const facts = this.#options.facts();
    this.#attempts = step + 1;
    const isPassedOn = facts.plan.trusted === true;
    const attempt = isPassedOn
      ? attemptOf((name) => facts.invite.header(name))
      : { number: this.#attempts, resumes: false };
    return this.#offer(facts, target, { alone, attempt });
  }

  /** The INVITE that carries a call on that is up: with what its caller has said last of its media, undefined when that is not known now. */
  resumption(target: CallTarget, attempt: Attempt, callerMedia: string | undefined): LegOffer {
    const facts = this.#options.facts();
    this.#callerMedia = callerMedia ?? this.#callerMedia ?? facts.invite.body;
    const offer = this.#offer(facts, target, { alone: true, attempt });
    return { ...offer, body: this.#callerMedia, headers: withoutReliability(offer.headers) };
  }

  #offer(facts: CallFacts, target: CallTarget, how: { readonly alone: boolean; readonly attempt: Attempt }): LegOffer {
    const { limits, node } = this.#options;
    return legOffer({ ...facts, ...how, limits, node }, target);
  }
}

/** As a session tells the callee's side of it. */
export function callerParty({ invite, plan }: Pick<CallFacts, "invite" | "plan">): Party {
  const { origin, callerId, from, hidesCaller } = plan;
  const displayName = callerId === undefined ? invite.from.displayName : callerId.displayName;
  return {
    label: origin,
    number: callerId?.user ?? from ?? invite.from.user,
    ...(displayName === undefined ? {} : { displayName }),
    ...(hidesCaller === true || asksToBeHidden(invite.header("Privacy")) ? { isHidden: true } : {}),
  };
}
