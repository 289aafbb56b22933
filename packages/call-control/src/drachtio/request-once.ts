import type { DigestClient } from "../auth/digest-client.ts";
import type { ClientEvents, ClientRequest, ClientResponse, SentRequest } from "./client-transaction.ts";
import { mergeHeaders } from "./header-text.ts";
import type { OutgoingRequest, RequestOutcome, SipHeaders } from "./types.ts";

const MAX_ATTEMPTS = 2; // RFC 3261 §22.2: a peer that challenges for ever must not keep us busy

/** What sends a request: the server. */
export interface RequestSender {
  readonly digestClient: DigestClient;
  send(request: ClientRequest, events: ClientEvents): void;
}

interface Attempt {
  readonly number: number;
  readonly headers: SipHeaders;
  readonly deadline: number;
}

/** One OPTIONS, REGISTER or MESSAGE of ours, with one answer to a challenge at most. Never rejects. */
export function requestOnce(server: RequestSender, request: OutgoingRequest): Promise<RequestOutcome> {
  const { promise, resolve } = Promise.withResolvers<RequestOutcome>();
  const { credentials } = request;
  const peer = request.proxy ?? request.uri;
  const attempt = ({ number, headers, deadline }: Attempt): void => {
    let sent: SentRequest | undefined;
    const onFinal = (response: ClientResponse): void => {
      const answer =
        credentials === undefined || number >= MAX_ATTEMPTS
          ? undefined
          : server.digestClient.answer({ peer, credentials, response, method: request.method, uri: request.uri });
      if (answer === undefined || sent === undefined) {
        resolve(outcomeOf(response, sent));
      } else {
        const again = mergeHeaders(nextAttempt(sent, request.method), answer);
        attempt({ number: number + 1, headers: mergeHeaders(request.headers, again), deadline });
      }
    };
    server.send(
      {
        method: request.method,
        uri: request.uri,
        headers,
        limitMs: Math.max(1, deadline - performance.now()),
        ...(request.proxy === undefined ? {} : { proxy: request.proxy }),
        ...(request.body === undefined ? {} : { body: request.body }),
      },
      {
        onSent: (what) => (sent = what),
        onFinal,
        onFailure: (failure, reason) =>
          resolve({ kind: "failed", failure: failure === "timeout" ? "timeout" : "unsent", reason }),
      },
    );
  };
  const known =
    credentials === undefined
      ? undefined
      : server.digestClient.preempt({ peer, credentials, method: request.method, uri: request.uri });
  attempt({
    number: 1,
    headers: mergeHeaders(request.headers, known),
    deadline: performance.now() + request.timeoutMs,
  });
  return promise;
}

/** A request sent again with credentials keeps Call-ID and From tag and counts CSeq up. RFC 3261 §8.1.3.5. */
export function nextAttempt(sent: SentRequest, method: string): SipHeaders {
  return { "Call-ID": sent.callId, From: sent.from, CSeq: `${sent.cseq + 1} ${method}` };
}

function outcomeOf(response: ClientResponse, sent: SentRequest | undefined): RequestOutcome {
  return {
    kind: "answered",
    status: response.status,
    reason: response.reason,
    body: response.body,
    header: (name) => response.header(name),
    ...(sent?.contact === undefined ? {} : { sentContact: sent.contact }),
  };
}
