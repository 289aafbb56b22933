import { randomInt } from "node:crypto";
import type { Logger } from "@mss/runtime";
import type { SipMessage, SipRequest } from "@mss/sip-message";
import {
  PEER_NAMES_HEADER,
  createResponse,
  messageFault,
  serializeMessage,
  topVia,
  uriScheme,
  withTopVia,
} from "@mss/sip-message";
import { canonicalHost, formatHost, withoutZone } from "./addresses.ts";
import type { Admission, Admitted } from "./admission.ts";
import type { Refusal } from "./admission-policy.ts";
import { responseTarget } from "./response-target.ts";
import type { MutableStats } from "./stats.ts";
import type { Flow, Limiter, Target, TransportUser, Verdict } from "./types.ts";

const RETRY_AFTER_MIN_SECONDS = 2;
const RETRY_AFTER_MAX_SECONDS = 10; // spread, so that refused peers do not come back together

export interface IngressOptions {
  readonly log: Logger;
  readonly stats: MutableStats;
  readonly admission: Admission;
  readonly user: () => TransportUser | undefined;
  send(text: string, target: Target): Promise<Flow>;
  /** Decides by its source what a message may cost; every message passes when absent. */
  readonly limiter?: Limiter | undefined;
  /** To-tag of the answers to refused requests. RFC 3261 §8.2.7 asks for the same one each time. */
  readonly statelessTag: string;
}

/** What every message passes between the socket and the layer above: admission, the stamp on the Via, hand over. */
export class Ingress {
  readonly #options: IngressOptions;

  constructor(options: IngressOptions) {
    this.#options = options;
  }

  /** Takes byte text of one datagram. Never throws. */
  acceptDatagram(text: string, flow: Flow): void {
    const { stats, admission } = this.#options;
    if (isKeepalive(text)) {
      stats.keepalives += 1; // RFC 5626 §3.5.1 answers CRLF on streams only
      return;
    }
    this.#guard(() => this.#weigh(text, flow, () => admission.datagram(text)));
  }

  /** Takes byte text of one message that a framer has cut out. False when its connection is to be closed. Never throws. */
  acceptFramed(text: string, flow: Flow): boolean {
    return this.#guard(() => this.#weigh(text, flow, () => this.#options.admission.framed(text))) !== "close";
  }

  /** A stream lost its message borders: answers what can be answered. Never throws. */
  refuse(refusal: Refusal, flow: Flow): void {
    this.#guard(() => this.#refuse(refusal, flow));
  }

  /** Before anything is read of a message. */
  #weigh(text: string, flow: Flow, admit: () => Admitted): Verdict {
    const verdict = this.#options.limiter?.(flow) ?? "pass";
    if (verdict === "pass") {
      this.#take(admit(), flow, text.length);
    } else if (verdict === "refuse") {
      this.#refuseForLoad(admit(), flow);
    }
    return verdict;
  }

  /** RFC 3261 §21.5.4. Nobody answers a response or an ACK. */
  #refuseForLoad(admitted: Admitted, flow: Flow): void {
    if (admitted.kind === "passed" && admitted.message.kind === "request" && admitted.message.method !== "ACK") {
      const seconds = randomInt(RETRY_AFTER_MIN_SECONDS, RETRY_AFTER_MAX_SECONDS + 1);
      const headers = [{ name: "Retry-After", value: String(seconds) }];
      this.#refuse({ status: 503, reason: "Service Unavailable", answerable: admitted.message, headers }, flow);
    }
  }

  #take(admitted: Admitted, flow: Flow, bytes: number): void {
    if (admitted.kind === "refused") {
      this.#refuse(admitted.refusal, flow);
      return;
    }
    const message = withoutPeerNames(admitted.message);
    const refusal = message.kind === "request" ? insecureRefusal(message, flow) : undefined;
    if (refusal !== undefined) {
      this.#refuse(refusal, flow);
      return;
    }
    this.#options.stats.received += 1;
    this.#options.user()?.onMessage(stampSource(message, flow), flow, bytes);
  }

  /** Answers without state. RFC 3261 §8.2.7. */
  #refuse(refusal: Refusal, flow: Flow): void {
    const { stats, log, statelessTag } = this.#options;
    const { status, reason, answerable, headers = [] } = refusal;
    log.debug({ from: flow.remote, sip: status, reason }, "message refused");
    if (answerable === undefined) {
      stats.droppedMalformed += 1;
      return;
    }
    stats.refused[status] = (stats.refused[status] ?? 0) + 1;
    const request = stampRequest(answerable, flow);
    const response = createResponse(request, status, { reason, toTag: statelessTag, headers });
    this.#options.send(serializeMessage(response), responseTarget(request, flow)).catch((err: unknown) => {
      log.debug({ err, to: flow.remote }, "answer to refused request not sent");
    });
  }

  #guard<Result>(action: () => Result): Result | undefined {
    try {
      return action();
    } catch (err) {
      this.#options.log.error({ err }, "message handling failed");
      return undefined;
    }
  }
}

/** Whoever writes that header from outside, it is not ours. */
function withoutPeerNames<Message extends SipMessage>(message: Message): Message {
  const headers = message.headers.without(PEER_NAMES_HEADER);
  return headers === message.headers ? message : { ...message, headers };
}

const SIPS_NOT_ALLOWED = 380; // RFC 5630 §6.3

/** A request to a sips URI that did not come over TLS: its sender believes in a protection that it does not have. */
function insecureRefusal(request: SipRequest, { transport, local }: Flow): Refusal | undefined {
  if (transport === "tls" || uriScheme(request.uri) !== "sips") {
    return undefined;
  }
  const warning = `${SIPS_NOT_ALLOWED} ${formatHost(local.host)} "SIPS needs TLS"`;
  return {
    ...messageFault(480, "SIPS needs TLS", request),
    headers: [{ name: "Warning", value: warning }],
  };
}

/** One or more line breaks, or the zero bytes that some phones send to keep a binding of a NAT. */
function isKeepalive(text: string): boolean {
  return text.length <= 4 && /^[\r\n\0]*$/.test(text);
}

function stampSource(message: SipMessage, flow: Flow): SipMessage {
  return message.kind === "request" ? stampRequest(message, flow) : message;
}

/**
 * Writes the true source into the top Via: `received` when it differs from sent-by or rport was asked for (RFC 3261
 * §18.2.1), and the value of `rport` (RFC 3581 §4). What the peer claims in either is replaced or removed.
 */
export function stampRequest(request: SipRequest, flow: Flow): SipRequest {
  const via = topVia(request);
  if (via === undefined) {
    return request;
  }
  const asksForPort = via.parameters.has("rport");
  const isElsewhere = canonicalHost(via.host) !== canonicalHost(flow.remote.host);
  if (!asksForPort && !isElsewhere && !via.parameters.has("received")) {
    return request;
  }
  const parameters = new Map(via.parameters);
  parameters.delete("received");
  if (asksForPort) {
    parameters.set("rport", String(flow.remote.port));
  }
  if (asksForPort || isElsewhere) {
    parameters.set("received", withoutZone(flow.remote.host));
  }
  return withTopVia(request, { ...via, parameters });
}
