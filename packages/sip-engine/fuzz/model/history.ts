import type { SipMessage } from "@mss/sip-message";
import { parseCSeq, parseMessage, tagOf } from "@mss/sip-message";

/** Something that crossed a border of the engine, in the order in which it did. */
export type Crossing =
  | { readonly kind: "in"; readonly atMs: number; readonly message: SipMessage }
  | {
      readonly kind: "out";
      readonly atMs: number;
      readonly message: SipMessage;
      /** The operating system refused it, and the engine knows. */
      readonly isRefused: boolean;
    }
  | { readonly kind: "toApp"; readonly atMs: number; readonly connection: number; readonly frame: Frame }
  | { readonly kind: "fromApp"; readonly atMs: number; readonly connection: number; readonly frame: Frame };

/** One frame of an application's connection, cut at its bars. */
export interface Frame {
  readonly tokens: readonly string[];
  /** The message after the first line. */
  readonly message: SipMessage | undefined;
}

/** Everything that crossed the borders of an engine, and what it logged as an error. */
export class History {
  readonly crossings: Crossing[] = [];
  readonly errors: string[] = [];
  /** The engine takes it for sure that every peer is where it says. */
  readonly isReachable: boolean;

  constructor(isReachable: boolean) {
    this.isReachable = isReachable;
  }

  messages(kind: "in" | "out"): readonly SipMessage[] {
    return this.crossings.flatMap((crossing) => (crossing.kind === kind ? [crossing.message] : []));
  }

  frames(kind: "toApp" | "fromApp"): readonly (Frame & { readonly connection: number })[] {
    return this.crossings.flatMap((crossing) =>
      crossing.kind === kind ? [{ ...crossing.frame, connection: crossing.connection }] : [],
    );
  }

  /** One line for each crossing, for the report of a failure. */
  toString(): string {
    return this.crossings.map(lineOf).join("\n");
  }
}

function lineOf(crossing: Crossing): string {
  const at = `${String(crossing.atMs).padStart(7)} ms`;
  if (crossing.kind === "in" || crossing.kind === "out") {
    return `${at} ${crossing.kind === "in" ? "->" : "<-"} ${titleOf(crossing.message)}`;
  }
  const { connection, frame } = crossing;
  const title = frame.message === undefined ? "" : ` ${titleOf(frame.message)}`;
  return `${at} ${crossing.kind === "toApp" ? "=>" : "<="} app ${connection}: ${frame.tokens.slice(1, 5).join("|")}${title}`;
}

export function titleOf(message: SipMessage): string {
  const start = message.kind === "request" ? message.method : `${message.status}`;
  const { headers } = message;
  const tags = `${tagOf(headers.get("From") ?? "") ?? "-"}/${tagOf(headers.get("To") ?? "") ?? "-"}`;
  return `${start} (${headers.get("CSeq") ?? ""}) call ${headers.get("Call-ID") ?? ""} tags ${tags}`;
}

export function frameOf(text: string): Frame {
  const end = text.indexOf("\r\n");
  const parsed = end < 0 ? undefined : parseMessage(text.slice(end + 2));
  return {
    tokens: (end < 0 ? text : text.slice(0, end)).split("|"),
    message: parsed?.kind === "message" ? parsed.message : undefined,
  };
}

/** Call-ID and both tags; the same for everything of one dialog, whoever sent it. */
export function dialogOf({ headers }: SipMessage): string {
  const tags = [tagOf(headers.get("From") ?? "") ?? "", tagOf(headers.get("To") ?? "") ?? ""];
  return [headers.get("Call-ID") ?? "", ...tags.toSorted()].join(" ");
}

export function callIdOf({ headers }: SipMessage): string {
  return headers.get("Call-ID") ?? "";
}

export function methodOf({ headers }: SipMessage): string {
  return parseCSeq(headers.get("CSeq") ?? "")?.method ?? "";
}

export function sequenceOf({ headers }: SipMessage): number {
  return parseCSeq(headers.get("CSeq") ?? "")?.sequence ?? 0;
}

export function isSuccess(message: SipMessage, method?: string): boolean {
  return isStatus(message, 200, 300) && (method === undefined || methodOf(message) === method);
}

export function isStatus(message: SipMessage, from: number, below: number): boolean {
  return message.kind === "response" && message.status >= from && message.status < below;
}

/** What tells one request from another: the branch of its top Via, its sender and its method (RFC 3261 §17.2.3). */
export function transactionOf({ headers }: SipMessage, method: string): string {
  const via = (headers.get("Via") ?? "").split(",")[0] ?? "";
  return `${/branch=([^;]+)/.exec(via)?.[1] ?? ""} ${method}`;
}

export function viaCount({ headers }: SipMessage): number {
  return headers.all("Via").flatMap((value) => value.split(",")).length;
}
