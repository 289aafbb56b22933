import type { HeaderField } from "@mss/sip-message";
import { PEER_NAMES_HEADER, parseCSeq } from "@mss/sip-message";
import type { AppMessage } from "../wire/commands.ts";
import { canonicalHeaderName } from "./header-names.ts";

/** The headers of an application's message, sorted by who has the last word on them. */
export interface AppHeaders {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly callId: string | undefined;
  readonly sequence: number | undefined;
  readonly contact: string | undefined;
  readonly maxForwards: string | undefined;
  readonly contentType: string | undefined;
  /** Everything else, under its usual name, in the application's order. */
  readonly others: readonly HeaderField[];
}

/** What an application may not set: it follows from the transaction, the dialog or the body. */
const ENGINE_OWNED = new Set([
  "via",
  "v",
  "route",
  "record-route",
  "rseq",
  "content-length",
  "l",
  PEER_NAMES_HEADER.toLowerCase(),
]);

const COMPACT_FORMS: Readonly<Record<string, string>> = {
  a: "Accept-Contact",
  b: "Referred-By",
  c: "Content-Type",
  d: "Request-Disposition",
  e: "Content-Encoding",
  f: "From",
  i: "Call-ID",
  j: "Reject-Contact",
  k: "Supported",
  m: "Contact",
  n: "Identity-Info",
  o: "Event",
  r: "Refer-To",
  s: "Subject",
  t: "To",
  u: "Allow-Events",
  x: "Session-Expires",
  y: "Identity",
};

type Slot = "from" | "to" | "callId" | "cseq" | "contact" | "maxForwards" | "contentType";

const SLOTS: Readonly<Record<string, Slot>> = {
  From: "from",
  To: "to",
  "Call-ID": "callId",
  CSeq: "cseq",
  Contact: "contact",
  "Max-Forwards": "maxForwards",
  "Content-Type": "contentType",
};

export function readAppHeaders(message: AppMessage): AppHeaders {
  const slots: Partial<Record<Slot, string>> = {};
  const others: HeaderField[] = [];
  for (const field of message.headers) {
    const lower = field.name.toLowerCase();
    if (ENGINE_OWNED.has(lower)) {
      continue;
    }
    const name = COMPACT_FORMS[lower] ?? canonicalHeaderName(field.name);
    const slot = SLOTS[name];
    if (slot === undefined) {
      others.push({ name, value: field.value });
    } else {
      slots[slot] = field.value;
    }
  }
  const contentType = slots.contentType ?? (message.body.startsWith("v=0") ? "application/sdp" : undefined);
  return {
    from: slots.from,
    to: slots.to,
    callId: slots.callId,
    sequence: slots.cseq === undefined ? undefined : parseCSeq(slots.cseq)?.sequence,
    contact: slots.contact,
    maxForwards: slots.maxForwards,
    contentType: message.body === "" ? undefined : contentType,
    others,
  };
}
