import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import { alerts } from "./failure.ts";
import { responseHeaders } from "./header-policy.ts";

/** Passes 180 to 189 on to the caller; 100 is hop by hop, and 199 speaks of one early dialog while ours goes on. */
export class ProvisionalRelay {
  readonly #invite: ServerTransaction;
  #last = 0;

  constructor(invite: ServerTransaction) {
    this.#invite = invite;
  }

  /** `alone`: no other target rings. `fromPeer`: the target is a node of the federation, which says 183 for itself. */
  relay(response: ClientResponse, { alone, fromPeer }: { readonly alone: boolean; readonly fromPeer: boolean }): void {
    const { status } = response;
    if (status < 180 || status > 189 || (fromPeer && !alerts(response))) {
      return;
    }
    // Early media of one of several phones would be cut off when another one answers; the SDP of an unreliable
    // response to a delayed offer would be an offer that nobody can answer (RFC 3261 §13.2.1).
    const withMedia = alone && response.body !== "" && this.#invite.body !== "";
    if (!withMedia && this.#last === status) {
      return; // one 180 for three phones
    }
    this.#last = status;
    const headers = responseHeaders((name) =>
      withMedia || !name.startsWith("Content-") ? response.header(name) : undefined,
    );
    this.#invite.reply(status, { headers, ...(withMedia ? { body: response.body } : {}) });
  }
}
