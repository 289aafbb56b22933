import type { SipRequest } from "@mss/sip-message";
import { tagOf } from "@mss/sip-message";
import { wireIdOf } from "../dialog/dialog.ts";
import type { ListenAddress, Target } from "../transport/types.ts";
import type { SipCommand } from "../wire/commands.ts";
import type { ControlClient } from "../wire/control-client.ts";
import { formatNotOk, formatRequestSent } from "../wire/notices.ts";
import { readAppHeaders } from "./app-headers.ts";
import type { AppHeaders } from "./app-headers.ts";
import { CallAnswers } from "./call-answers.ts";
import type { Cancellables } from "./cancellables.ts";
import type { Core } from "./core.ts";
import { ownAddressFor, ownPath, targetPath, textOf } from "./core.ts";
import { contactWith } from "./dialog-message.ts";
import { bracketed, replaceLocalhost } from "./localhost.ts";
import { buildRequest, newCallId, newSequence } from "./message-builder.ts";
import { NEEDS_CONTACT_OUTSIDE } from "./methods.ts";
import { isSecureUri, hostPortOf, ownContact, targetOfNextHop, targetOfUri } from "./next-hop.ts";
import type { OutgoingCall } from "./outgoing-call.ts";

interface Prepared {
  readonly request: SipRequest;
  readonly target: Target;
  readonly own: ListenAddress;
  readonly localContact: string | undefined;
  readonly wireId: string;
}

interface Fault {
  readonly fault: string;
}

interface RequestLine {
  readonly method: string;
  readonly uri: string;
}

const MAKES_DIALOG: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE"]);

/** The requests that applications start: calls, registrations, options, messages. */
export class OutgoingRequests {
  readonly #core: Core;
  readonly #answers: CallAnswers;
  readonly #cancellables: Cancellables;
  readonly #unanswered = new Map<string, OutgoingCall>();

  constructor(core: Core, cancellables: Cancellables) {
    this.#core = core;
    this.#cancellables = cancellables;
    this.#answers = new CallAnswers(core, (call) => {
      this.#settle(call);
    });
  }

  get answers(): CallAnswers {
    return this.#answers;
  }

  /** Sends a new request of an application and tells it what left; its answers follow as they come. */
  send(client: ControlClient, command: SipCommand, line: RequestLine): void {
    const prepared = this.#prepare(command, line);
    if ("fault" in prepared) {
      client.send(formatNotOk(command.id, prepared.fault));
      return;
    }
    const call = this.#start(client, prepared);
    client.send(
      formatRequestSent(command.id, {
        path: ownPath(prepared.own),
        transactionId: call.transaction.id,
        dialogId: "",
        text: textOf(call.transaction.request),
      }),
    );
  }

  /** Who waits for an answer under that wire id: a NOTIFY may overtake the 2xx to its SUBSCRIBE. RFC 6665 §4.1.2.4. */
  ownerOfUnanswered(wireId: string): ControlClient | undefined {
    return this.#unanswered.get(wireId)?.client;
  }

  #start(client: ControlClient, prepared: Prepared): OutgoingCall {
    const { request, target } = prepared;
    const makesDialog = MAKES_DIALOG.has(request.method);
    const transaction = this.#core.transactions.request(request, target, {
      onResponse: (response, flow) => {
        this.#answers.onResponse(call, response, flow);
      },
      onFailure: (failure) => {
        this.#answers.onFailure(call, failure);
      },
      onTerminated: () => {
        this.#settle(call);
      },
    });
    const call: OutgoingCall = {
      client,
      transaction,
      request,
      sequence: Number.parseInt(request.headers.get("CSeq") ?? "0", 10),
      dialogId: makesDialog ? prepared.wireId : "",
      own: prepared.own,
      path: targetPath(target),
      localContact: prepared.localContact,
      cancelled: false,
      answered: undefined,
      early: [],
    };
    if (makesDialog) {
      this.#unanswered.set(prepared.wireId, call);
    }
    if (request.method === "INVITE") {
      this.#core.records.attempt("application", transaction.request);
      const onCancel = (): void => {
        call.cancelled = true;
      };
      this.#cancellables.add({ client, transaction, own: prepared.own, onCancel });
    }
    return call;
  }

  #settle(call: OutgoingCall): void {
    this.#cancellables.remove(call.transaction.id);
    if (this.#unanswered.get(call.dialogId) === call) {
      this.#unanswered.delete(call.dialogId);
    }
  }

  #prepare(command: SipCommand, line: RequestLine): Prepared | Fault {
    if (line.method === "ACK" || line.method === "CANCEL") {
      return { fault: `${line.method} needs the id of a dialog or a transaction` };
    }
    const direct = targetOfUri(line.uri);
    const target =
      command.nextHop === "" ? (this.#core.flows.targetFor(line.uri) ?? direct) : targetOfNextHop(command.nextHop);
    if (target === undefined) {
      return { fault: `invalid request-uri: ${command.message.startLine}` };
    }
    if (isSecureUri(line.uri) && target.transport !== "tls") {
      return { fault: "a sips uri is sent over tls only" };
    }
    if (this.#core.transports.isOwn(target)) {
      return { fault: "can not send request to myself" };
    }
    const own = ownAddressFor(this.#core, target);
    if (own === undefined) {
      return { fault: "requested protocol/transport not available" };
    }
    const headers = readAppHeaders(command.message);
    if (command.message.body !== "" && headers.contentType === undefined) {
      return { fault: "missing content-type" };
    }
    return this.#build({ line, headers, target, own, body: command.message.body });
  }

  #build(parts: {
    readonly line: RequestLine;
    readonly headers: AppHeaders;
    readonly target: Target;
    readonly own: ListenAddress;
    readonly body: string;
  }): Prepared | Fault {
    const { line, headers, target, own } = parts;
    const contact =
      headers.contact === undefined ? undefined : contactWith(headers.contact, own, isSecureUri(line.uri));
    const given = bracketed(replaceLocalhost(headers.from ?? `<sip:localhost>`, hostPortOf(own)));
    const fromTag = tagOf(given) ?? this.#core.ids.tag();
    const callId = headers.callId ?? newCallId();
    const wireId = wireIdOf(callId, fromTag);
    if (MAKES_DIALOG.has(line.method) && (this.#unanswered.has(wireId) || this.#core.dialogs.named(wireId))) {
      return { fault: "Call-ID and From tag are those of another call" };
    }
    const request = buildRequest({
      method: line.method,
      uri: line.uri,
      from: tagOf(given) === undefined ? `${given};tag=${fromTag}` : given,
      to: bracketed(replaceLocalhost(headers.to ?? `<${line.uri}>`, hostPortOf(own))),
      callId,
      sequence: headers.sequence ?? newSequence(),
      contact: contact ?? (NEEDS_CONTACT_OUTSIDE.has(line.method) ? ownContact(own, isSecureUri(line.uri)) : undefined),
      maxForwards: headers.maxForwards,
      others: headers.others,
      contentType: headers.contentType,
      body: parts.body,
    });
    return { request, target, own, localContact: contact, wireId };
  }
}
