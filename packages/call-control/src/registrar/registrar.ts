import type { Binding, BindingOutcome, BindingStore } from "@mss/model";
import { steadyNowMs } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { registerChange } from "./register-change.ts";
import type { RegisterChange, RegisterRefusal, RegisterRequest, RegistrationLimits } from "./register-change.ts";

/** A final answer to a REGISTER, ready to be sent. */
export interface RegistrarAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RegistrarOptions {
  readonly store: BindingStore;
  readonly limits: RegistrationLimits;
  /** The node that signs Warning headers (RFC 3261 §20.43). */
  readonly node: string;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const STORE_RETRY_SECONDS = 5;

/** Answers REGISTER requests whose sender is already known to be who `aor` says. RFC 3261 §10.3 steps 6 to 8. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #now: () => number;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#now = options.now ?? steadyNowMs;
  }

  /** Never rejects: a store that fails is answered 503 with Retry-After. */
  async register(request: RegisterRequest): Promise<RegistrarAnswer> {
    const { store, limits, log } = this.#options;
    try {
      const nowMs = this.#now();
      const current = await store.find(request.aor, nowMs);
      const change = registerChange(request, limits, { current, nowMs });
      return await this.#apply(request.aor, change, nowMs);
    } catch (error) {
      log.error({ err: error, aor: request.aor }, "binding store failed");
      return { status: 503, headers: { "Retry-After": String(STORE_RETRY_SECONDS) } };
    }
  }

  async #apply(aor: string, change: RegisterChange, nowMs: number): Promise<RegistrarAnswer> {
    const { store, limits, node } = this.#options;
    if (change.kind === "query") {
      return this.#bindings(await store.find(aor, nowMs), nowMs);
    }
    if (change.kind === "clear") {
      await store.clear(aor);
      return this.#bindings([], nowMs);
    }
    if (change.kind !== "apply") {
      return refusalAnswer(change, node);
    }
    return this.#outcome(await store.apply(aor, change, { maxContacts: limits.maxContacts, nowMs }), nowMs);
  }

  #outcome(outcome: BindingOutcome, nowMs: number): RegistrarAnswer {
    if (outcome.kind === "stored") {
      return this.#bindings(outcome.bindings, nowMs);
    }
    const refusal = outcome.kind === "tooMany" ? { ...outcome, kind: "tooManyContacts" as const } : outcome;
    return refusalAnswer(refusal, this.#options.node);
  }

  /** RFC 3261 §10.3 step 8: every current binding, with the seconds it has left. */
  #bindings(bindings: readonly Binding[], nowMs: number): RegistrarAnswer {
    const contacts = bindings.map((binding) => {
      const seconds = Math.max(0, Math.ceil((binding.expiresAt - nowMs) / 1000));
      return `<${binding.contact}>;expires=${seconds}`;
    });
    return {
      status: 200,
      headers: {
        Date: new Date(nowMs).toUTCString(),
        ...(contacts.length === 0 ? {} : { Contact: contacts.join(", ") }),
      },
    };
  }
}

/** Status of each refusal, and what its Warning says to a person that the status cannot. */
const REFUSALS = {
  badContact: { status: 400, text: "Contact must be a sip URI with a host" },
  badWildcard: { status: 400, text: "Contact * stands alone and with Expires 0" },
  intervalTooBrief: { status: 423, text: "the registration is to last longer" },
  outOfOrder: { status: 400, text: "CSeq is not higher than that of the last REGISTER of this Call-ID" },
  tooManyContacts: { status: 403, text: "as many contacts as are allowed are registered already" },
} as const satisfies Record<RegisterRefusal["kind"], { readonly status: number; readonly text: string }>;

export function refusalAnswer(refusal: RegisterRefusal, node: string): RegistrarAnswer {
  const { status, text } = REFUSALS[refusal.kind];
  const warning = { Warning: `399 ${node} "${text}"` };
  return refusal.kind === "intervalTooBrief"
    ? { status, headers: { "Min-Expires": String(refusal.minExpiresSeconds), ...warning } }
    : { status, headers: warning };
}
