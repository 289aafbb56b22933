import type { CallControl } from "../call-control-types.ts";
import type { IncomingRequest, RequestHandlers } from "../drachtio/types.ts";
import { dialledNumber } from "./dialled-number.ts";

const ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, MESSAGE, UPDATE, REFER, SUBSCRIBE, NOTIFY, PRACK";
/** A voice mail box tells a phone by NOTIFY that nobody has asked for, as most of them do. RFC 3842. */
const MESSAGE_WAITING = "message-summary";
const RETRY_AFTER_SECONDS = 5;

/** OPTIONS is answered by the node and not by its engine, so that a 200 says that calls are taken. RFC 3261 §11.2. */
function answerOptions(request: IncomingRequest, draining: boolean): void {
  if (draining) {
    request.reply(503, { headers: { "Retry-After": String(RETRY_AFTER_SECONDS) } });
  } else {
    request.reply(200, { headers: { Allow: ALLOW, Accept: "application/sdp" } });
  }
}

/** Handlers of both kinds of node for what belongs to no call: about a number it is relayed, OPTIONS about the node is answered. */
export function loneHandlers(
  control: () => CallControl,
): Required<Pick<RequestHandlers, "options" | "message" | "other">> {
  return {
    other: (request) => {
      const event = (request.header("Event") ?? "").split(";")[0]?.trim().toLowerCase();
      if (request.method === "SUBSCRIBE") {
        return control().subscribe(request);
      }
      if (request.method === "NOTIFY" && event === MESSAGE_WAITING) {
        return control().relay(request);
      }
      return request.reply(405, { headers: { Allow: ALLOW } });
    },
    message: (request) => control().relay(request),
    options: (request) =>
      dialledNumber(request.called) === undefined
        ? answerOptions(request, control().draining)
        : control().relay(request),
  };
}
