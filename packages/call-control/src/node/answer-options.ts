import type { IncomingRequest } from "../drachtio/types.ts";

const ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, MESSAGE, UPDATE, REFER, NOTIFY, PRACK";
const RETRY_AFTER_SECONDS = 5;

/** OPTIONS is answered by the node and not by its engine, so that a 200 says that calls are taken. RFC 3261 §11.2. */
export function answerOptions(request: IncomingRequest, draining: boolean): void {
  if (draining) {
    request.reply(503, { headers: { "Retry-After": String(RETRY_AFTER_SECONDS) } });
  } else {
    request.reply(200, { headers: { Allow: ALLOW, Accept: "application/sdp" } });
  }
}
