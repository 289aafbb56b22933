import type { SipResponse } from "@mss/sip-message";
import type { ServerTransaction } from "../transaction/types.ts";
import type { AppDialog, Core } from "./core.ts";
import { END_REASONS, hangUp } from "./hang-up.ts";

const LIFETIME_T1S = 64;

/**
 * Repeats our 2xx to INVITE until its ACK comes: every T1, doubling up to T2, for 64*T1 on every transport, because the
 * hop that loses it may be further on (RFC 3261 §13.3.1.4). Without ACK the dialog is ended by BYE.
 */
export function keepSuccess(
  core: Core,
  dialog: AppDialog,
  answer: { readonly transaction: ServerTransaction; readonly response: SipResponse; readonly sequence: number },
): void {
  const { t1Ms, t2Ms } = core.timers;
  const { transaction, response, sequence } = answer;
  dialog.awaitedAck?.stop();
  let interval = t1Ms;
  let elapsed = 0;
  let timer = setTimeout(again, interval);

  function again(): void {
    elapsed += interval;
    if (elapsed >= LIFETIME_T1S * t1Ms) {
      core.log.info({ callId: dialog.state.callId }, "no ack for a 2xx");
      dialog.awaitedAck = undefined;
      hangUp(core, dialog, END_REASONS.noAck);
      return;
    }
    core.transactions.resend(transaction, response);
    interval = Math.min(interval * 2, t2Ms, LIFETIME_T1S * t1Ms - elapsed);
    timer = setTimeout(again, interval);
  }

  dialog.awaitedAck = {
    sequence,
    transactionId: transaction.id,
    stop() {
      clearTimeout(timer);
    },
  };
}
