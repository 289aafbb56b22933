import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import { isReliable } from "./early-session.ts";
import type { EarlySession } from "./early-session.ts";
import { alerts } from "./failure.ts";
import { hasOption, responseHeaders } from "./header-policy.ts";

/** Passes 180 to 189 on to the caller; 100 is hop by hop, and 199 speaks of one early dialog while ours goes on. */
export class ProvisionalRelay {
  readonly #invite: ServerTransaction;
  readonly #early: EarlySession;
  /** The caller wants every provisional response to be reliable. */
  readonly #isReliableOnly: boolean;
  readonly #mayBeReliable: boolean;
  #last = 0;

  constructor(invite: ServerTransaction, early: EarlySession) {
    this.#invite = invite;
    this.#early = early;
    this.#isReliableOnly = hasOption(invite.header("require"), "100rel");
    this.#mayBeReliable = this.#isReliableOnly || hasOption(invite.header("supported"), "100rel");
  }

  /** `alone`: no other target rings. `fromPeer`: the target is a node of the federation, which says 183 for itself. */
  relay(response: ClientResponse, { alone, fromPeer }: { readonly alone: boolean; readonly fromPeer: boolean }): void {
    const { status } = response;
    const reliable = isReliable(response);
    const isPassedReliably = reliable && alone && this.#mayBeReliable;
    const isOurs = status < 180 || status > 189 || (fromPeer && !alerts(response));
    // Early media of one of several phones would be cut off when another one answers; the SDP of an unreliable
    // response to a delayed offer would be an offer that nobody can answer (RFC 3261 §13.2.1).
    const withMedia = alone && response.body !== "" && (this.#invite.body !== "" || isPassedReliably);
    const isNew = withMedia || isPassedReliably || this.#last !== status; // one 180 for three phones
    if (reliable && (isOurs || !isPassedReliably)) {
      this.#early.acknowledge(response);
    }
    if (isOurs || !isNew) {
      return;
    }
    this.#last = status;
    const headers = responseHeaders((name) =>
      withMedia || !name.startsWith("Content-") ? response.header(name) : undefined,
    );
    if (alone) {
      this.#early.connect(response);
    }
    this.#early.pass(
      status,
      { headers, ...(withMedia ? { body: response.body } : {}) },
      isPassedReliably ? response : this.#isReliableOnly ? "by us" : undefined,
    );
  }
}
