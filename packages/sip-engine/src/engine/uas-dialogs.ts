import { parseCSeq } from "@mss/sip-message";
import { createDialog } from "../dialog/dialog.ts";
import { fromUas } from "../dialog/dialog-formation.ts";
import { updateTarget } from "../dialog/dialog-rules.ts";
import type { Answer } from "./answer.ts";
import type { AppDialog, Core } from "./core.ts";
import { keepFlow } from "./dialog-path.ts";
import type { OpenRequest } from "./open-request.ts";
import { onSessionAnswered } from "./session-timers.ts";
import { keepSuccess } from "./success-keeper.ts";

/** Requests whose acceptance moves the remote target. RFC 3261 §12.2, RFC 3311, RFC 6665. */
const TARGET_REFRESH: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "SUBSCRIBE"]);

/** The dialog of a provisional answer to a new INVITE; made once, found again by the following answers. */
export function keepEarlyDialog(core: Core, open: OpenRequest, answer: Answer): void {
  if (open.early === undefined) {
    open.early = addDialog(core, open, answer);
  } else {
    open.early.localContact = answer.localContact ?? open.early.localContact;
  }
}

function addDialog(core: Core, open: OpenRequest, answer: Answer): AppDialog | undefined {
  const { request, flow } = open.transaction;
  const state = fromUas(request, answer.response);
  if (state === undefined) {
    return undefined;
  }
  const method = request.method === "SUBSCRIBE" ? "SUBSCRIBE" : "INVITE";
  const dialog = createDialog(state, { method, owner: open.client });
  dialog.localContact = answer.localContact;
  keepFlow(core, dialog, flow);
  core.dialogs.add(dialog);
  core.dialogs.name(dialog);
  return dialog;
}

function confirm(
  core: Core,
  open: OpenRequest,
  answer: Answer & { readonly early: AppDialog | undefined },
): AppDialog | undefined {
  const { early } = answer;
  if (early === undefined) {
    return addDialog(core, open, answer);
  }
  early.state = { ...early.state, phase: "confirmed" };
  early.localContact = answer.localContact ?? early.localContact;
  return early;
}

/** A 2xx: it confirms or makes the dialog, moves the remote target, and for INVITE waits for its ACK. */
export function applySuccess(
  core: Core,
  open: OpenRequest,
  answer: Answer & { readonly early: AppDialog | undefined },
): void {
  const { request, flow } = open.transaction;
  if (request.method === "REGISTER") {
    core.flows.onRegistered(request, answer.response, flow);
    return;
  }
  let dialog = open.within;
  if (dialog?.ended === true || dialog?.ending === true) {
    return; // the answer came after the end: there is no ACK to wait for
  }
  if (dialog === undefined) {
    dialog = request.method === "INVITE" || request.method === "SUBSCRIBE" ? confirm(core, open, answer) : undefined;
  } else if (TARGET_REFRESH.has(request.method)) {
    dialog.state = updateTarget(dialog.state, request);
    keepFlow(core, dialog, flow);
    dialog.localContact = answer.localContact ?? dialog.localContact;
  }
  if (dialog !== undefined) {
    onSessionAnswered(core, dialog, { request, response: answer.response });
  }
  if (dialog !== undefined && request.method === "INVITE") {
    const sequence = parseCSeq(request.headers.get("CSeq") ?? "")?.sequence ?? 0;
    keepSuccess(core, dialog, { transaction: open.transaction, response: answer.response, sequence });
  }
}
