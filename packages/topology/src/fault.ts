import type { Place } from "./place.ts";

/** What can be wrong with a topology. The codes are stable. */
export const FAULT_CODES = {
  "unreadable-file": "a file cannot be read, is no regular file, or is not UTF-8",
  "too-large":
    "a file is above 1 MB, nested too deep, repeats too much through aliases, or has too many overlapping numbers",
  "yaml-syntax": "the file is not valid YAML",
  "duplicate-key": "a key stands twice in one mapping",
  "unknown-key": "a key that does not exist at this place",
  "missing-key": "a key that must be there is not",
  "wrong-type": "a text, a number, a list or a mapping where another is expected",
  "invalid-value": "a value outside of what is allowed",
  "invalid-id": "a federation, hub or branch name that cannot be one",
  "duplicate-id": "a hub or branch name that is taken",
  "federation-differs": "the files are of different federations",
  "no-hub": "no hub in any of the files",
  "no-branch": "no branch in any of the files",
  "invalid-pattern": "a number pattern that is none",
  "numbers-disputed": "two branches own the same number and none is more exact",
  "numbers-nested": "a branch's numbers lie inside another's; the more exact pattern wins (warning)",
  "numbers-gap": "numbers between two ranges of a branch that nobody answers (warning)",
  "numbers-repeated": "a branch lists a number twice (warning)",
  "invalid-extension": "an extension that is neither a number nor a range of numbers",
  "extension-outside-numbers":
    "an extension that is not among its branch's numbers, or belongs to another branch there",
  "extension-twice": "two entries for one extension",
  "too-many-extensions": "more extensions than a branch may have",
  "invalid-address": "an address or a port that cannot be listened on or called from",
  "certificate-without-tls": "a trunk that asks for certificates, and a node of it without TLS",
  "tls-port-taken": "a node without the TLS port that every node has, since another has it (warning)",
  "unusable-certificate":
    "a certificate, key or authority that is not there or cannot be used (a warning by default TLS)",
  "certificate-name": "a certificate without the name of its node, which peers will refuse (warning)",
  "certificate-expires": "a certificate that has expired or soon will (warning)",
  "unreachable-hub":
    "a hub that listens on all addresses and has no external one, so that no branch knows where to call it",
  "unreachable-branch": "a branch that others are to call straight, and that they would not know where to call",
  "address-in-use": "two addresses to listen on that are the same, here or on the outer side of a router",
  "no-effect": "a key that changes nothing where it stands",
  "external-address-local": "a node whose external address lies in one of its local networks (warning)",
  "unknown-hub": "a trunk to a hub that does not exist",
  "hub-twice": "a trunk that names a hub twice",
  "no-common-hub": "two branches with no hub in common, which cannot call each other (warning)",
  "registration-bounds": "registration times that contradict each other",
  "invalid-calendar": "hours or days off of a calendar that are none",
  "unknown-calendar": "a condition that names a calendar which does not exist",
  "unknown-branch": "a rule or a calendar that names a branch which does not exist",
  "unknown-time-zone": "a time zone that is none",
  "unknown-target": "emergency numbers that lead to nobody, or to a gateway that does not exist",
  "outside-prefix-taken": "numbers that begin with the outside prefix of a branch, whose phones cannot dial them",
  "public-number-twice": "one public number of two branches, or of two numbers of a branch",
  "invalid-public-number": "a public number that is none, or that is not of a number of its branch",
  "unknown-line": "calls to other branches over a carrier line that does not exist",
  "line-twice": "two carrier lines of one account, or to one server without accounts",
  "no-public-numbers":
    "a branch that calls others over its carrier lines, and none of them has a public number (warning)",
  "invalid-site-code": "numbers that do not begin with the site code of their branch",
  "contradictory-rewrite": "a number that is to be replaced and changed at once",
  "equal-rank": "two routes that are equally exact for a number and may both hold",
  "never-matches": "numbers of a rule that more exact rules have, all of them",
  "leads-nowhere": "a route to numbers that nobody has",
  "circular-route": "a route whose numbers come back to it by way of others",
  "needless-exception": "an exception that is not among the numbers of its rule",
  "time-gap": "numbers that are reached only while a calendar is open (warning)",
  "cannot-call-back": "a calling number that callees, or some of them, cannot call at any hour (warning)",
  "no-emergency-route": "a branch of which nothing says where its emergency calls go (warning)",
  "invalid-secret": "a secret in none of the three forms, or one that cannot be used as a password",
  "plain-secret": "a secret in clear in a file that is not a demo (warning)",
  "weak-secret": "a secret of less than 8 characters, or equal to the number or name it protects (warning)",
  "shared-secret":
    "two trunks, or a trunk and a carrier line, with one secret (a warning when it is not in clear in the file)",
  "unresolvable-secret": "an environment variable or a file of a secret that is not there or is empty",
} as const satisfies Readonly<Record<string, string>>;

export type FaultCode = keyof typeof FAULT_CODES;

/** One thing that is wrong, or deserves a look. Also the form of a warning. */
export interface Fault extends Place {
  readonly code: FaultCode;
  /** Keys from the top of the document, such as `branches.hk.numbers[0]`; empty for the document itself. */
  readonly path: string;
  /** What is wrong, without the place. */
  readonly message: string;
  /** What to write instead. */
  readonly advice: string;
  /** The other side, when two places contradict each other. Also named in the message. */
  readonly other?: Place;
  /** The line of the file, secrets blotted out; absent when there is no such line. */
  readonly sourceLine?: string;
}

/** What a check says of a fault; the rest is known from the place. */
export interface FaultText {
  readonly code: FaultCode;
  readonly path: string;
  readonly message: string;
  readonly advice: string;
  readonly other?: Place;
}

const MAX_SOURCE_LINE_LENGTH = 200;
/** Whatever stands behind `secret:`, but for references, which are no secret. */
const SECRET_VALUE =
  /(\bsecret["']?\s*:\s*)(?!\{\s*(?:env|file)\s*:[^{}]*\})("[^"]*"?|'[^']*'?|\{[^}]*\}?|[^\s,}][^,}]*)/g;

/** Gathers faults and warnings of one load. */
export class FaultCollector {
  readonly #faults: Fault[] = [];
  readonly #warnings: Fault[] = [];
  readonly #lines = new Map<string, readonly string[]>();
  readonly #fileOrder: string[] = [];

  addSource(file: string, text: string): void {
    this.#lines.set(file, text.split(/\r?\n/)); // a lone carriage return ends no line for the YAML reader either
    this.remember(file);
  }

  fault(place: Place, text: FaultText): void {
    this.#faults.push(this.#complete(place, text));
  }

  warn(place: Place, text: FaultText): void {
    this.#warnings.push(this.#complete(place, text));
  }

  get faults(): readonly Fault[] {
    return this.#inOrder(this.#faults);
  }

  get warnings(): readonly Fault[] {
    return this.#inOrder(this.#warnings);
  }

  /** Files are told of in the order in which they were first heard of. */
  remember(file: string): void {
    if (!this.#fileOrder.includes(file)) {
      this.#fileOrder.push(file);
    }
  }

  #complete({ file, line, column }: Place, text: FaultText): Fault {
    this.remember(file);
    const sourceLine = this.#lines.get(file)?.[line - 1];
    const fault = { file, line, column, ...text, message: printable(text.message), advice: printable(text.advice) };
    const isShown = sourceLine !== undefined && sourceLine.trim() !== "" && sourceLine.length <= MAX_SOURCE_LINE_LENGTH;
    return isShown && !mayLeak(sourceLine, text) ? { ...fault, sourceLine: printable(blotSecrets(sourceLine)) } : fault;
  }

  #inOrder(list: readonly Fault[]): readonly Fault[] {
    const rank = ({ file }: Fault): number => this.#fileOrder.indexOf(file);
    return list.toSorted((one, other) => rank(one) - rank(other) || one.line - other.line || one.column - other.column);
  }
}

/** A secret on a line of its own below its key, or one in broken YAML, where nobody knows what ends where. */
function mayLeak(line: string, { code, path }: FaultText): boolean {
  const hasKey = /\bsecret["']?\s*:/.test(line);
  return code === "yaml-syntax" ? hasKey : path.endsWith("secret") && !hasKey;
}

/** What a file holds must not steer the terminal that shows it. Same length. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\t)\p{Cc}/gu, "�");
}

/** Same length, so that a caret below still points at the same thing; references stay readable. */
function blotSecrets(line: string): string {
  return line.replaceAll(SECRET_VALUE, (_whole, key: string, value: string) => key + "*".repeat(value.length));
}
