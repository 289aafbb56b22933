/** The methods the engine carries, as they stand on the wire: nothing else that looks like them is one of them. */
export const METHODS = [
  "INVITE",
  "ACK",
  "CANCEL",
  "BYE",
  "OPTIONS",
  "REGISTER",
  "INFO",
  "PRACK",
  "UPDATE",
  "MESSAGE",
  "SUBSCRIBE",
  "NOTIFY",
  "REFER",
  "PUBLISH",
] as const;

const KNOWN: ReadonlySet<string> = new Set(METHODS);

/** Exact: `INVITEX`, `invite` and `RE%47IST%45R` are not known. */
export function isKnownMethod(method: string): boolean {
  return KNOWN.has(method);
}

/** Methods that end or change what exists already: outside a dialog they are answered 481. */
export const ONLY_IN_DIALOG: ReadonlySet<string> = new Set(["BYE", "UPDATE", "PRACK"]);

/** Requests whose Contact becomes the target of what follows, so that they must not leave without one. */
export const NEEDS_CONTACT: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "REFER", "NOTIFY", "UPDATE"]);

/** Outside a dialog drachtio-server adds a Contact to fewer. */
export const NEEDS_CONTACT_OUTSIDE: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "REFER", "NOTIFY"]);
