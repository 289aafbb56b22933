import { formatUnsolicited } from "../wire/notices.ts";
import type { AppDialog, Core } from "./core.ts";
import { ownPath, textOf } from "./core.ts";
import { dialogRequest } from "./dialog-message.ts";

/** Texts of the Reason header of a BYE that the engine sends; drachtio-srf hands the text to the application. */
export const END_REASONS = {
  noAck: "ACK timeout",
  cancelled: "ACK-BYE due to cancel race condition",
  lateFork: "another fork was answered first",
  applicationGone: "application is gone",
  engineStops: "engine stops",
  sessionExpired: "Session timer expired",
} as const;

/** Sends ACK for a 2xx that the application will not see, or has not acknowledged. */
export function acknowledge(core: Core, dialog: AppDialog, sequence: number): void {
  const outgoing = dialogRequest(core, dialog, { method: "ACK", sequence });
  if (outgoing !== undefined) {
    dialog.sentAck = { sequence, request: outgoing.request, target: outgoing.target };
    core.transactions.sendAck(outgoing.request, outgoing.target);
  }
  dialog.unacknowledged = undefined;
}

/**
 * Ends a dialog from our side: the application cannot use it any more and is told by an `unsolicited` BYE, as
 * drachtio-server does. The dialog leaves the table when the BYE is answered or given up, so that a 2xx that comes once
 * more still finds its ACK.
 */
export function hangUp(core: Core, dialog: AppDialog, reason: string): void {
  if (dialog.ending || dialog.ended) {
    return;
  }
  dialog.ending = true;
  core.counters.ended += 1;
  core.dialogs.unname(dialog);
  dialog.awaitedAck?.stop();
  dialog.session?.stop();
  if (dialog.unacknowledged !== undefined) {
    acknowledge(core, dialog, dialog.unacknowledged); // RFC 3261 §13.2.2.4: before anything else
  }
  const outgoing =
    dialog.method === "INVITE"
      ? dialogRequest(core, dialog, {
          method: "BYE",
          others: [{ name: "Reason", value: `SIP ;cause=200 ;text="${reason}"` }],
        })
      : undefined;
  if (outgoing === undefined) {
    core.dialogs.remove(dialog);
    return;
  }
  const forget = (): void => {
    core.dialogs.remove(dialog);
  };
  const transaction = core.transactions.request(outgoing.request, outgoing.target, {
    onResponse: (response) => {
      if (response.status >= 200) {
        forget();
      }
    },
    onFailure: forget,
  });
  if (reason !== END_REASONS.lateFork) {
    core.records.stop("application", "system-initiated-termination", transaction.request); // a late fork never started
  }
  dialog.owner?.send(
    formatUnsolicited({
      path: ownPath(outgoing.own),
      transactionId: "unsolicited",
      dialogId: dialog.wireId,
      text: textOf(transaction.request),
    }),
  );
}
