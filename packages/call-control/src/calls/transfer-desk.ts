import type { DialogSide } from "../bridge/dialog-side.ts";
import { ReferNotifier } from "../bridge/refer-notifier.ts";
import { parseReferTo } from "../bridge/refer-to.ts";
import type { Session } from "../bridge/session.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { CallDeps } from "./call.ts";
import { Transfer } from "./transfer.ts";
import type { TransferPolicy } from "./transfer-route.ts";

export interface TransferDeskOptions {
  readonly policy: TransferPolicy;
  readonly deps: CallDeps;
  /** A transfer begins: it is a call from now on. */
  readonly onTransfer: (transfer: Transfer) => void;
}

/** Takes REFER within any call of the node: answers it, and begins the transfer that it asks for. */
export class TransferDesk {
  readonly #options: TransferDeskOptions;

  constructor(options: TransferDeskOptions) {
    this.#options = options;
  }

  readonly onRefer = (session: Session, transferor: DialogSide, refer: ServerTransaction): void => {
    const { policy, deps } = this.#options;
    const talk = deps.talks.of(session);
    if (talk === undefined) {
      refer.reply(481);
      return;
    }
    if (!policy.mayTransfer(transferor.party)) {
      refer.reply(403, { reason: "Transfer Not Permitted" });
      return;
    }
    if (session.isBeingReplaced) {
      refer.reply(491);
      return;
    }
    const referTo = parseReferTo(refer.header("refer-to"));
    if (referTo.kind === "bad") {
      refer.reply(referTo.status, { reason: referTo.reason });
      return;
    }
    const other = referTo.replaces === undefined ? undefined : deps.talks.find(referTo.replaces);
    if (referTo.replaces !== undefined && (other === undefined || !policy.mayTransfer(other.side.party))) {
      refer.reply(404, { reason: "Call To Replace Not Found" }); // it is over, still rings, or is somebody else's
      return;
    }
    if (other?.talk.session.isBeingReplaced === true || other?.talk.session === session) {
      refer.reply(491);
      return;
    }
    const notifier = new ReferNotifier(transferor, refer);
    notifier.accept(refer);
    const attended = other === undefined ? {} : { other: { talk: other.talk, transferor: other.side } };
    const transfer = new Transfer({ deps, talk, transferor, notifier, called: referTo.number, ...attended });
    this.#options.onTransfer(transfer);
    void transfer.run();
  };
}
