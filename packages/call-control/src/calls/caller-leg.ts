import type { Logger } from "@mss/runtime";
import { EarlySession } from "../bridge/early-session.ts";
import { alerts } from "../bridge/failure.ts";
import { ProvisionalRelay } from "../bridge/provisional-relay.ts";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";

/** How a provisional response goes to the caller; see `ProvisionalRelay`. */
export interface ProvisionalManner {
  readonly alone: boolean;
  readonly fromPeer: boolean;
}

interface Told {
  readonly response: ClientResponse;
  readonly manner: ProvisionalManner;
}

/** The INVITE of a call's caller, and what has been said to it before its answer. */
export class CallerLeg {
  readonly invite: ServerTransaction;
  readonly #early: EarlySession;
  readonly #provisional: ProvisionalRelay;
  /** The last response that tells what the callee does. */
  #told: Told | undefined;

  constructor(invite: ServerTransaction, { server, log }: { readonly server: SipServerCore; readonly log: Logger }) {
    this.invite = invite;
    this.#early = new EarlySession({ server, log, invite });
    this.#provisional = new ProvisionalRelay(invite, this.#early);
  }

  /** The caller has given its SDP already, by PRACK, or is asked for it by what it is answered. */
  get isDelayed(): boolean {
    return this.invite.body === "" && !this.#early.isOfferAnswered;
  }

  relay(response: ClientResponse, manner: ProvisionalManner): void {
    if (alerts(response)) {
      this.#told = { response, manner };
    }
    this.#provisional.relay(response, manner);
  }

  /** Tells what another INVITE of the same call was told last. */
  catchUp({ told }: { readonly told: Told | undefined }): void {
    if (told !== undefined) {
      this.relay(told.response, told.manner);
    }
  }

  get told(): Told | undefined {
    return this.#told;
  }

  /** The call is answered or over, or another INVITE has taken the place of this one. */
  end(): void {
    this.#early.end();
  }
}
