import type { ClientEvents, ClientRequest, ClientResponse } from "../drachtio/client-transaction.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import { inDialogHeaders, responseHeaders } from "./header-policy.ts";

/** One side of a bridge, whether its dialog is early or confirmed. */
export interface RelaySide {
  /** Our Contact in that dialog as a header, where it is known. */
  readonly contactHeader: SipHeaders;
  send(request: Omit<ClientRequest, "dialogId">, events: ClientEvents): unknown;
}

export interface RelayOptions {
  readonly from: RelaySide;
  readonly to: RelaySide;
  readonly request: ServerTransaction;
  /** Beside those of the header policy. */
  readonly headers?: SipHeaders;
  /** The other side does not know the dialog, or cannot be reached. */
  readonly onGone: () => void;
  /** Hears of an UPDATE that was accepted. */
  readonly onAccepted?: (request: ServerTransaction, response: ClientResponse) => void;
}

/** Methods that go from one side to the other and are answered with its answer, whatever it is. */
export const RELAYED: ReadonlySet<string> = new Set(["INFO", "MESSAGE", "UPDATE", "OPTIONS", "NOTIFY"]);

const RELAY_LIMIT_MS = 31_000; // below Timer F: the asking side still waits for our answer then

/** Carries a request within a dialog, but INVITE, to the other side, and its answer back. */
export function relayRequest({ from, to, request, headers, onGone, onAccepted }: RelayOptions): void {
  const { method } = request;
  const refreshesTarget = method === "UPDATE";
  to.send(
    {
      method,
      headers: {
        ...inDialogHeaders(method, (name) => request.header(name)),
        ...(refreshesTarget ? to.contactHeader : {}),
        ...headers,
      },
      body: request.body,
      limitMs: RELAY_LIMIT_MS,
    },
    {
      onFinal: (response) => {
        const answered = responseHeaders((name) => response.header(name));
        request.reply(response.status, {
          headers: refreshesTarget && response.status < 300 ? { ...answered, ...from.contactHeader } : answered,
          body: response.body,
          ...(response.reason === "" ? {} : { reason: response.reason }),
        });
        if (response.status === 481) {
          onGone();
        } else if (response.status < 300 && refreshesTarget) {
          onAccepted?.(request, response);
        }
      },
      onFailure: (failure) => {
        request.reply(failure === "timeout" ? 408 : 481);
        if (failure === "unsent") {
          onGone();
        }
      },
    },
  );
}
