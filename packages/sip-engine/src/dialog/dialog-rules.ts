import type { SipMessage } from "@mss/sip-message";
import { parseNameAddress, parseSipUri } from "@mss/sip-message";
import { contactUriOf } from "./dialog-formation.ts";
import type { DialogState } from "./dialog-state.ts";

/** What a request within a dialog must say, beside the headers of its own. RFC 3261 §12.2.1.1. */
export interface DialogRequest {
  readonly uri: string;
  readonly routes: readonly string[];
  readonly sequence: number;
}

/** Whether an in-dialog request is in order: RFC 3261 §12.2.2; ACK and CANCEL are not asked for. */
export function acceptsRequest(dialog: DialogState, sequence: number): boolean {
  return dialog.remoteSequence === undefined || sequence > dialog.remoteSequence;
}

/** The dialog after a request of the other side with that CSeq number. */
export function afterRequest(dialog: DialogState, sequence: number): DialogState {
  return { ...dialog, remoteSequence: sequence };
}

/** The dialog after our own request with that CSeq number. */
export function afterOwnRequest(dialog: DialogState, sequence: number): DialogState {
  return { ...dialog, localSequence: Math.max(dialog.localSequence, sequence) };
}

/** The dialog after a target refresh request was accepted, or its 2xx came: RFC 3261 §12.2. */
export function updateTarget(dialog: DialogState, message: SipMessage): DialogState {
  const remoteTarget = contactUriOf(message);
  return remoteTarget === undefined || remoteTarget === dialog.remoteTarget ? dialog : { ...dialog, remoteTarget };
}

function isLooseRouter(route: string): boolean {
  const hop = parseNameAddress(route);
  const uri = hop === undefined ? undefined : parseSipUri(hop.uri);
  return uri === undefined || uri.parameters.has("lr");
}

/**
 * Request-URI, Route values and CSeq number of the next request. `uri` replaces the remote target; `sequence` is taken
 * when it is higher than what was used. A first hop that is a strict router gets the old form.
 */
export function nextRequest(
  dialog: DialogState,
  wishes: { readonly uri?: string; readonly sequence?: number } = {},
): DialogRequest {
  const sequence = Math.max(dialog.localSequence + 1, wishes.sequence ?? 0);
  const target = wishes.uri ?? dialog.remoteTarget;
  const first = dialog.routeSet[0];
  if (first === undefined || isLooseRouter(first)) {
    return { uri: target, routes: dialog.routeSet, sequence };
  }
  return {
    uri: parseNameAddress(first)?.uri ?? target,
    routes: [...dialog.routeSet.slice(1), `<${target}>`],
    sequence,
  };
}
