import type { RFC4475_MALFORMED } from "./rfc4475-malformed.ts";
import type { RFC4475_MEANING } from "./rfc4475-meaning.ts";
import type { RFC4475_VALID } from "./rfc4475-valid.ts";
import type { RFC5118 } from "./rfc5118.ts";

/** What a user agent server owes to a message that it has no state for. */
export interface Answer {
  /** Section of the RFC that describes the message and what to do with it. */
  readonly section: string;
  /** The status of the answer; "application": whatever that says; "silence": there is nobody to answer. */
  readonly owed: number | "application" | "silence";
  /** The status that parser or validator refuse it with, where it is they who refuse. */
  readonly fault?: number;
  /** On a stream, when that is not one message: what the framer makes of it. */
  readonly onStream?: "two messages" | "waits" | "breaks";
  /** Why this answer, where the RFC leaves a choice or the reader might expect another. */
  readonly because?: string;
}

type Answers<Messages> = Readonly<Record<keyof Messages, Answer>>;

export const VALID_ANSWERS: Answers<typeof RFC4475_VALID> = {
  wsinv: { section: "3.1.1.1", owed: 481, because: "well-formed; its To tag names a dialog that is not here" },
  intmeth: { section: "3.1.1.2", owed: 501, because: "well-formed; nobody knows the method" },
  esc01: { section: "3.1.1.3", owed: "application" },
  escnull: { section: "3.1.1.4", owed: "application" },
  esc02: { section: "3.1.1.5", owed: 501, fault: 400, because: "it is no REGISTER, and C%6Fntact is no Contact" },
  lwsdisp: { section: "3.1.1.6", owed: "application" },
  longreq: { section: "3.1.1.7", owed: "application" },
  dblreq: {
    section: "3.1.1.8",
    owed: "application",
    onStream: "two messages",
    because: "bytes after the first message are ignored in a datagram; on a stream the INVITE is 400, without Contact",
  },
  semiuri: { section: "3.1.1.9", owed: "application" },
  transports: { section: "3.1.1.10", owed: "application" },
  mpart01: { section: "3.1.1.11", owed: "application" },
  unreason: { section: "3.1.1.12", owed: "silence", because: "a response that nothing waits for" },
  noreason: { section: "3.1.1.13", owed: "silence", because: "a response that nothing waits for" },
};

export const MALFORMED_ANSWERS: Answers<typeof RFC4475_MALFORMED> = {
  badinv01: { section: "3.1.2.1", owed: 400, fault: 400 },
  clerr: { section: "3.1.2.2", owed: 400, fault: 400, onStream: "waits" },
  ncl: { section: "3.1.2.3", owed: 400, fault: 400, onStream: "breaks" },
  scalar02: { section: "3.1.2.4", owed: 400, fault: 400 },
  scalarlg: { section: "3.1.2.5", owed: "silence", fault: 400, because: "a response" },
  quotbal: { section: "3.1.2.6", owed: 400, fault: 400 },
  ltgtruri: { section: "3.1.2.7", owed: 400, fault: 400 },
  lwsruri: { section: "3.1.2.8", owed: 400, fault: 400 },
  lwsstart: { section: "3.1.2.9", owed: 400, fault: 400 },
  trws: { section: "3.1.2.10", owed: 400, fault: 400 },
  escruri: { section: "3.1.2.11", owed: 400, fault: 400 },
  baddate: { section: "3.1.2.12", owed: "application", because: "nothing decides by Date, so it may be ignored" },
  regbadct: { section: "3.1.2.13", owed: 400, fault: 400 },
  badaspec: { section: "3.1.2.14", owed: 400, fault: 400 },
  baddn: { section: "3.1.2.15", owed: 400, fault: 400 },
  badvers: { section: "3.1.2.16", owed: 505, fault: 505 },
  mismatch01: { section: "3.1.2.17", owed: 400, fault: 400 },
  mismatch02: { section: "3.1.2.18", owed: 501, fault: 400, because: "400 or 501: the method is looked at first" },
  bigcode: { section: "3.1.2.19", owed: "silence", fault: 400, because: "a response" },
};

export const MEANING_ANSWERS: Answers<typeof RFC4475_MEANING> = {
  badbranch: { section: "3.2.1", owed: "application", because: "matched as RFC 2543 does, the cookie alone is no id" },
  insuf: { section: "3.3.1", owed: 400, fault: 400 },
  unkscm: { section: "3.3.2", owed: 416, fault: 416 },
  novelsc: { section: "3.3.3", owed: 416, fault: 416 },
  unksm2: { section: "3.3.4", owed: "application" },
  bext01: { section: "3.3.5", owed: 420 },
  invut: { section: "3.3.6", owed: 415 },
  regaut01: { section: "3.3.7", owed: "application" },
  multi01: { section: "3.3.8", owed: 400, fault: 400 },
  mcl01: { section: "3.3.9", owed: 400, fault: 400, onStream: "breaks" },
  bcast: { section: "3.3.10", owed: "silence", because: "a response with a Via that is not ours" },
  zeromf: { section: "3.3.11", owed: "application", because: "OPTIONS may be answered where the hops end" },
  cparam01: { section: "3.3.12", owed: "application" },
  cparam02: { section: "3.3.13", owed: "application" },
  regescrt: { section: "3.3.14", owed: "application" },
  sdp01: { section: "3.3.15", owed: "application" },
  inv2543: {
    section: "3.4.1",
    owed: 400,
    fault: 400,
    onStream: "breaks",
    because: "RFC 2543 is not spoken: an INVITE needs a Contact",
  },
};

export const IPV6_ANSWERS: Answers<typeof RFC5118> = {
  "ipv6-good": { section: "4.1", owed: "application" },
  "ipv6-bad": { section: "4.2", owed: 400, fault: 400 },
  "port-ambiguous": { section: "4.3", owed: "application" },
  "port-unambiguous": { section: "4.4", owed: "application" },
  "via-received-param-with-delim": { section: "4.5", owed: 481, because: "BYE of a dialog that is not here" },
  "via-received-param-no-delim": { section: "4.5", owed: "application" },
  "ipv6-in-sdp": { section: "4.6", owed: "application" },
  "mult-ip-in-header": { section: "4.7", owed: 481, because: "BYE of a dialog that is not here" },
  "mult-ip-in-sdp": { section: "4.8", owed: "application" },
  "ipv4-mapped-ipv6": { section: "4.9", owed: "application" },
  "ipv6-bug-abnf-3-colons": { section: "4.10", owed: "application" },
  "ipv6-correct-abnf-2-colons": { section: "4.10", owed: "application" },
};
