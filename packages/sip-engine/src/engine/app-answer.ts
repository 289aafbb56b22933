import type { SipRequest } from "@mss/sip-message";
import { tagOf } from "@mss/sip-message";
import { isSecureRequest } from "../dialog/dialog-formation.ts";
import type { AppMessage } from "../wire/commands.ts";
import type { Answer } from "./answer.ts";
import { readAppHeaders } from "./app-headers.ts";
import type { Core } from "./core.ts";
import { ownAddressFor } from "./core.ts";
import { contactWith } from "./dialog-message.ts";
import { buildResponse } from "./message-builder.ts";
import { ownContact } from "./next-hop.ts";
import type { OpenRequest } from "./open-request.ts";
import { hasOption } from "./reliable-answers.ts";
import { sessionAnswer } from "./session-terms.ts";

const CONTACT_IN_SUCCESS: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "REFER", "UPDATE"]);

/** Whether the application asks for a provisional answer that is acknowledged: it writes `Require: 100rel`. RFC 3262. */
export function wantsReliable(request: SipRequest, status: number, message: AppMessage): boolean {
  return (
    request.method === "INVITE" &&
    status > 100 &&
    status < 200 &&
    message.headers.some((field) => field.name.toLowerCase() === "require" && field.value.includes("100rel"))
  );
}

export function supportsReliable(request: SipRequest): boolean {
  return hasOption(request, "Supported", "100rel") || hasOption(request, "Require", "100rel");
}

/** The tag for To: the request's own, then the one of earlier answers, then the application's, then the transaction's. */
function localTagFor(open: OpenRequest, appTo: string | undefined): string {
  const { request, localTag } = open.transaction;
  const fromRequest = tagOf(request.headers.get("To") ?? "");
  return fromRequest ?? open.localTag ?? (appTo === undefined ? undefined : tagOf(appTo)) ?? localTag;
}

/** Completes an application's answer: what a response repeats, our tag, our Contact, RSeq. */
export function answerOf(
  core: Core,
  open: OpenRequest,
  parts: { readonly line: { readonly status: number; readonly reason: string }; readonly message: AppMessage },
): Answer {
  const { request, flow } = open.transaction;
  const { status, reason } = parts.line;
  const headers = readAppHeaders(parts.message);
  const toTag = status === 100 ? undefined : localTagFor(open, headers.to);
  open.localTag = toTag ?? open.localTag;
  const reliable = wantsReliable(request, status, parts.message);
  const { transport, remote } = flow;
  const own = ownAddressFor(core, { transport, host: remote.host, port: remote.port, flow }) ?? {
    transport,
    ...flow.local,
  };
  const isSecure = open.within?.state.isSecure ?? isSecureRequest(request);
  const localContact = headers.contact === undefined ? undefined : contactWith(headers.contact, own, isSecure);
  const isSuccess = status >= 200 && status < 300;
  const needsContact = reliable || (isSuccess && CONTACT_IN_SUCCESS.has(request.method));
  const reliableSequence = reliable ? open.reliable?.takeSequence() : undefined;
  const response = buildResponse(request, {
    status,
    reason,
    toTag,
    contact: localContact ?? (needsContact ? (open.within?.localContact ?? ownContact(own, isSecure)) : undefined),
    reliableSequence,
    others: isSuccess ? [...headers.others, ...sessionAnswer(core, open, headers.others)] : headers.others,
    contentType: headers.contentType,
    body: parts.message.body,
  });
  return { response, localContact, reliable, reliableSequence };
}
