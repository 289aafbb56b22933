import type { HeaderField, SipRequest } from "@mss/sip-message";
import { afterOwnRequest, nextRequest } from "../dialog/dialog-rules.ts";
import type { ListenAddress, Target } from "../transport/types.ts";
import type { AppDialog, Core } from "./core.ts";
import { ownAddressFor } from "./core.ts";
import { bracketed, replaceLocalhost } from "./localhost.ts";
import { buildRequest } from "./message-builder.ts";
import { NEEDS_CONTACT } from "./methods.ts";
import { targetOfDialog } from "./dialog-path.ts";
import { hostPortOf, isSecureUri, ownContact } from "./next-hop.ts";

/** A request, where it goes, and the address of ours that stands in it. */
export interface Outgoing {
  readonly request: SipRequest;
  readonly target: Target;
  readonly own: ListenAddress;
}

export interface DialogRequestParts {
  readonly method: string;
  /** In the place of the remote target. */
  readonly uri?: string | undefined;
  readonly sequence?: number | undefined;
  readonly contact?: string | undefined;
  readonly maxForwards?: string | undefined;
  readonly others?: readonly HeaderField[];
  readonly contentType?: string | undefined;
  readonly body?: string;
}

/**
 * A Contact of an application with our address in the place of `localhost`, and the transport it is reached by. It is a
 * sips URI where the request or the dialog is secure. RFC 3261 §8.1.1.8, §12.1.1.
 */
export function contactWith(value: string, own: ListenAddress, isSecure: boolean): string {
  const inBrackets = bracketed(value);
  if (isSecure) {
    return replaceLocalhost(inBrackets.replaceAll(/<sip:/gi, "<sips:"), hostPortOf(own));
  }
  const transport = own.transport === "udp" || inBrackets.includes("transport=") ? "" : `;transport=${own.transport}`;
  return replaceLocalhost(inBrackets, hostPortOf(own) + transport);
}

/**
 * The next request of a dialog, and the dialog's CSeq moved on. An ACK takes the number of its INVITE, which is
 * `sequence`. Undefined when the remote target or the first route is nothing that we can send to.
 */
export function dialogRequest(core: Core, dialog: AppDialog, parts: DialogRequestParts): Outgoing | undefined {
  const { state } = dialog;
  const isAck = parts.method === "ACK";
  const next = nextRequest(state, {
    ...(parts.uri === undefined ? {} : { uri: parts.uri }),
    ...(parts.sequence === undefined || isAck ? {} : { sequence: parts.sequence }),
  });
  const target = targetOfDialog(dialog, parts.uri ?? state.remoteTarget);
  const own = target === undefined ? undefined : ownAddressFor(core, target);
  if (target === undefined || own === undefined) {
    return undefined;
  }
  const isSecure = state.isSecure || isSecureUri(next.uri);
  if (isSecure && target.transport !== "tls") {
    return undefined;
  }
  const sequence = isAck ? (parts.sequence ?? state.localSequence) : next.sequence;
  const contact = parts.contact === undefined ? dialog.localContact : contactWith(parts.contact, own, isSecure);
  const request = buildRequest({
    method: parts.method,
    uri: next.uri,
    routes: next.routes,
    from: state.local,
    to: state.remote,
    callId: state.callId,
    sequence,
    contact: NEEDS_CONTACT.has(parts.method) ? (contact ?? ownContact(own, isSecure)) : parts.contact && contact,
    maxForwards: parts.maxForwards,
    others: parts.others ?? [],
    contentType: parts.contentType,
    body: parts.body ?? "",
  });
  if (!isAck) {
    dialog.state = afterOwnRequest(state, sequence);
  }
  return { request, target, own };
}
