import type { SipMessage } from "@mss/sip-message";
import { serializeMessage } from "@mss/sip-message";
import { formatCallRecord } from "../wire/notices.ts";
import type { ClientRegistry } from "./client-registry.ts";

/** Who decided: a message that came, or one that an application or the engine sent. */
export type RecordSource = "network" | "application";

export type CallRole = "uac" | "uas" | "proxy-uac" | "proxy-uas";

/** The words of drachtio-server. */
export type CallEnd =
  "call-rejected" | "call-canceled" | "normal-release" | "session-expired" | "system-initiated-termination";

/**
 * Call records as drachtio-server writes them: `cdr:attempt`, `cdr:start` and `cdr:stop`, each to one of the applications
 * that asked for it by `route`, in turn. Without any, a call costs a look into an empty table and nothing is written.
 */
export class CallRecords {
  readonly #registry: ClientRegistry;

  constructor(registry: ClientRegistry) {
    this.#registry = registry;
  }

  /** An INVITE that starts a call came or left. */
  attempt(source: RecordSource, message: SipMessage): void {
    this.#write("cdr:attempt", message, [source]);
  }

  /** A 2xx to such an INVITE came or left. */
  start(source: RecordSource, role: CallRole, message: SipMessage): void {
    this.#write("cdr:start", message, [source, role]);
  }

  /** What ended the call, or kept it from being answered. */
  stop(source: RecordSource, end: CallEnd, message: SipMessage): void {
    this.#write("cdr:stop", message, [source, end]);
  }

  /** The final answer to an INVITE, whichever it is. */
  answered(source: RecordSource, role: CallRole, response: SipMessage & { readonly status: number }): void {
    if (response.status < 300) {
      this.start(source, role, response);
    } else {
      this.stop(source, response.status === 487 ? "call-canceled" : "call-rejected", response);
    }
  }

  #write(event: string, message: SipMessage, details: readonly [RecordSource, string?]): void {
    const client = this.#registry.pick(event);
    client?.send(formatCallRecord(event, details, serializeMessage(message)));
  }
}
