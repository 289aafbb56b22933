import type { MessageLimits, ParseOutcome, SipMessage } from "@mss/sip-message";
import { canonicalizeMessage, parseDatagram, parseMessage, validateMessage } from "@mss/sip-message";
import type { AdmissionPolicy, Refusal } from "./admission-policy.ts";
import { methodRefusal, policyRefusal } from "./admission-policy.ts";
import { repaired } from "./repairs.ts";

export type Admitted =
  { readonly kind: "passed"; readonly message: SipMessage } | { readonly kind: "refused"; readonly refusal: Refusal };

/**
 * The stages that a message goes through before anything decides by it; the first refusal ends them.
 *
 * 1. **parse**: frame the message in linear time, collapse white space; what cannot be framed is 400, 413, 414, 505, 513.
 * 2. **validate**: the method is one of ours (501), every value that somebody reads is well-formed and within its limit
 *    (400, 413, 415, 416, 488), and what the request asks of us can be had (415, 420, 483).
 * 3. **canonicalise**: one spelling of header names, so that drachtio-srf sees the headers that we see.
 *
 * Pure: no state, no I/O. Never throws.
 */
export class Admission {
  readonly #limits: MessageLimits;
  readonly #policy: AdmissionPolicy;

  constructor(limits: MessageLimits, policy: AdmissionPolicy = {}) {
    this.#limits = limits;
    this.#policy = policy;
  }

  /** Byte text of one datagram. */
  datagram(text: string): Admitted {
    return this.#admit(parseDatagram(text, this.#limits));
  }

  /** Byte text of one message that a stream framer has cut out. */
  framed(text: string): Admitted {
    return this.#admit(parseMessage(text, this.#limits));
  }

  #admit(outcome: ParseOutcome): Admitted {
    if (outcome.kind === "malformed") {
      return { kind: "refused", refusal: outcome.fault };
    }
    const message = repaired(outcome.message);
    const refusal = this.#validate(message);
    return refusal === undefined
      ? { kind: "passed", message: canonicalizeMessage(message) }
      : { kind: "refused", refusal };
  }

  /** The method first: `RE%47ISTER` is answered 501 whatever else is wrong with it. */
  #validate(message: SipMessage): Refusal | undefined {
    return (
      methodRefusal(message, this.#policy) ??
      validateMessage(message, this.#limits) ??
      policyRefusal(message, this.#policy)
    );
  }
}
