import type { SipResponse } from "@mss/sip-message";
import { parseCSeq, tagOf } from "@mss/sip-message";
import { createDialog, forkWireIdOf, wireIdOf } from "../dialog/dialog.ts";
import { contactUriOf, fromUac } from "../dialog/dialog-formation.ts";
import { updateTarget } from "../dialog/dialog-rules.ts";
import type { Flow } from "../transport/types.ts";
import type { ControlClient } from "../wire/control-client.ts";
import { formatFromNetwork } from "../wire/notices.ts";
import type { AppDialog, Core } from "./core.ts";
import { remotePath, textOf } from "./core.ts";
import { END_REASONS, acknowledge, hangUp } from "./hang-up.ts";
import { buildResponse } from "./message-builder.ts";
import { keepFlow } from "./dialog-path.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import { isNextReliable } from "./reliable-answers.ts";
import { onSessionAccepted } from "./session-timers.ts";

/** What an application is told when no answer comes: RFC 3261 §8.1.3.1. */
export const FAILURES = {
  timeout: { status: 408, reason: "Request Timeout" },
  transport: { status: 503, reason: "Service Unavailable" },
} as const;

/** More phones than that at once are no fork that anybody set up. */
const FORKS_MAX = 32;

/** Takes the answers to requests outside a dialog to the application, and keeps the dialogs they make. */
export class CallAnswers {
  readonly #core: Core;
  readonly #onSettled: (call: OutgoingCall) => void;

  /** `onSettled` hears of every call that has its final answer. */
  constructor(core: Core, onSettled: (call: OutgoingCall) => void) {
    this.#core = core;
    this.#onSettled = onSettled;
  }

  onResponse(call: OutgoingCall, response: SipResponse, flow: Flow): void {
    if (response.status === 100) {
      return; // RFC 3261 §16.7 step 2 likewise: it says nothing to anyone but the next hop
    }
    if (call.dialogId === "" || response.status >= 300) {
      this.#finish(call, response);
      this.#tell(call, response, { flow, dialogId: call.dialogId });
    } else if (response.status < 200) {
      this.#onProvisional(call, response, flow);
    } else {
      this.#onSuccess(call, response, flow);
    }
  }

  onFailure(call: OutgoingCall, failure: "timeout" | "transport"): void {
    const response = buildResponse(call.transaction.request, FAILURES[failure]);
    this.#finish(call, response);
    call.client.send(
      formatFromNetwork({
        path: call.path,
        transactionId: call.transaction.id,
        dialogId: call.dialogId,
        text: textOf(response),
      }),
    );
  }

  /** A 2xx to INVITE without transaction: the ACK of its dialog once more, or the end of a fork that comes too late. */
  onStraySuccess(response: SipResponse, flow: Flow): void {
    const callId = response.headers.get("Call-ID") ?? "";
    const localTag = tagOf(response.headers.get("From") ?? "") ?? "";
    const remoteTag = tagOf(response.headers.get("To") ?? "") ?? "";
    const { dialogs } = this.#core;
    const isOurs =
      dialogs.find(callId, localTag, remoteTag) !== undefined ||
      dialogs.named(wireIdOf(callId, localTag))?.state.role === "uac";
    if (!isOurs) {
      this.#core.log.debug({ callId }, "stray 2xx dropped");
      return; // never BYE for a call that we do not know: a forged 2xx would make us send to any address
    }
    this.#onRepeatedSuccess(response, flow);
  }

  #tell(call: OutgoingCall, response: SipResponse, from: { readonly flow: Flow; readonly dialogId: string }): void {
    call.client.send(
      formatFromNetwork({
        path: remotePath(from.flow),
        transactionId: call.transaction.id,
        dialogId: from.dialogId,
        text: textOf(response),
      }),
    );
  }

  /** After a final answer other than 2xx there is no early dialog any more. */
  #finish(call: OutgoingCall, response: SipResponse): void {
    if (response.status >= 200) {
      if (call.request.method === "INVITE") {
        this.#core.records.answered("network", "uac", response);
      }
      for (const dialog of call.early.splice(0)) {
        this.#core.dialogs.remove(dialog);
      }
      this.#onSettled(call);
    }
  }

  #onProvisional(call: OutgoingCall, response: SipResponse, flow: Flow): void {
    if (call.answered !== undefined) {
      return;
    }
    const dialog = this.#earlyDialog(call, response, flow);
    if (dialog !== undefined && !isNextReliable(dialog, response)) {
      return; // RFC 3262 §4: a repetition, or one before it is still missing
    }
    this.#tell(call, response, { flow, dialogId: dialog?.wireId ?? call.dialogId });
  }

  /** One for each To tag: forks ring side by side. */
  #earlyDialog(call: OutgoingCall, response: SipResponse, flow: Flow): AppDialog | undefined {
    const state = fromUac(call.transaction.request, response);
    if (state === undefined) {
      return undefined;
    }
    const known = call.early.find((dialog) => dialog.state.remoteTag === state.remoteTag);
    if (known !== undefined) {
      known.state = updateTarget(known.state, response);
      return known;
    }
    if (call.early.length >= FORKS_MAX) {
      return undefined;
    }
    const wireId = call.early.length === 0 ? call.dialogId : forkWireIdOf(call.dialogId, state.remoteTag);
    const dialog = createDialog(state, { method: "INVITE", owner: call.client, wireId });
    dialog.localContact = call.localContact;
    keepFlow(this.#core, dialog, flow);
    call.early.push(dialog);
    this.#core.dialogs.add(dialog);
    this.#core.dialogs.name(dialog);
    return dialog;
  }

  #onSuccess(call: OutgoingCall, response: SipResponse, flow: Flow): void {
    if (call.answered !== undefined) {
      if (call.request.method === "INVITE") {
        this.#onRepeatedSuccess(response, flow);
      }
      return;
    }
    const state = fromUac(call.transaction.request, response);
    if (state === undefined) {
      this.#core.log.warn({ callId: response.headers.get("Call-ID") }, "2xx without From tag");
      this.onFailure(call, "transport");
      return;
    }
    const early = call.early.find((dialog) => dialog.state.remoteTag === state.remoteTag);
    const method = call.request.method === "INVITE" ? "INVITE" : "SUBSCRIBE";
    const dialog = createDialog(state, { method, owner: call.client });
    dialog.state = { ...state, localSequence: Math.max(state.localSequence, early?.state.localSequence ?? 0) };
    dialog.localContact = call.localContact;
    keepFlow(this.#core, dialog, flow);
    this.#finish(call, response);
    call.answered = dialog;
    this.#core.dialogs.add(dialog);
    this.#core.dialogs.name(dialog);
    if (method === "INVITE") {
      dialog.unacknowledged = call.sequence;
      dialog.endAfterAck = call.cancelled || contactUriOf(response) === undefined;
      onSessionAccepted(this.#core, dialog, { request: call.request, response });
    }
    if (call.client.open) {
      this.#tell(call, response, { flow, dialogId: dialog.wireId });
    } else {
      hangUp(this.#core, dialog, END_REASONS.applicationGone);
    }
  }

  /** RFC 3261 §13.2.2.4: each 2xx is acknowledged; a fork that was not chosen is ended at once. */
  #onRepeatedSuccess(response: SipResponse, flow: Flow): void {
    const state = fromUac(
      { kind: "request", method: "INVITE", uri: "", headers: response.headers, body: "" },
      response,
    );
    const sequence = parseCSeq(response.headers.get("CSeq") ?? "")?.sequence;
    if (state === undefined || sequence === undefined) {
      return;
    }
    const known = this.#core.dialogs.find(state.callId, state.localTag, state.remoteTag);
    if (known === undefined) {
      const fork = createDialog<ControlClient>(state, { method: "INVITE", owner: undefined });
      keepFlow(this.#core, fork, flow);
      this.#core.dialogs.add(fork);
      this.#end(fork, sequence, END_REASONS.lateFork);
      return;
    }
    const { sentAck } = known;
    if (sentAck?.sequence === sequence) {
      this.#core.transactions.sendAck(sentAck.request, sentAck.target);
    }
  }

  #end(dialog: AppDialog, sequence: number, reason: string): void {
    acknowledge(this.#core, dialog, sequence);
    hangUp(this.#core, dialog, reason);
  }
}
