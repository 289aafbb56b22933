import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import { responseHeaders } from "./header-policy.ts";

/** Passes 180 to 189 on to the caller; 100 is hop by hop, and 199 speaks of one early dialog while ours goes on. */
export class ProvisionalRelay {
  readonly #invite: ServerTransaction;
  #last = 0;

  constructor(invite: ServerTransaction) {
    this.#invite = invite;
  }

  /** `alone`: no other target rings. True when the response says that the callee is alerted. */
  relay(response: ClientResponse, alone: boolean): boolean {
    const { status } = response;
    if (status < 180 || status > 189) {
      return false;
    }
    // Early media of one of several phones would be cut off when another one answers; the SDP of an unreliable
    // response to a delayed offer would be an offer that nobody can answer (RFC 3261 §13.2.1).
    const withMedia = alone && response.body !== "" && this.#invite.body !== "";
    if (!withMedia && this.#last === status) {
      return true; // one 180 for three phones
    }
    this.#last = status;
    const headers = responseHeaders((name) =>
      withMedia || !name.startsWith("Content-") ? response.header(name) : undefined,
    );
    this.#invite.reply(status, { headers, ...(withMedia ? { body: response.body } : {}) });
    return true;
  }
}
