import { randomInt } from "node:crypto";
import type { ClientResponse } from "../drachtio/client-transaction.ts";
import type { DialogSide } from "./dialog-side.ts";

/** One of them comes, once, unless it is stopped. */
export interface ReinviteEvents {
  /** A 2xx with a session description; its ACK is the listener's to send. */
  onAnswered(response: ClientResponse): void;
  onRefused(): void;
}

export interface Reinviting {
  /** Sends it no more. */
  stop(): void;
}

const LIMIT_MS = 32_000;
const GLARE_ATTEMPTS = 4;
const GLARE_MIN_MS = 2_100; // RFC 3261 §14.1 for the side that made the Call-ID
const GLARE_MAX_MS = 4_000;

/** A re-INVITE of our own, sent again after a while when it crossed one of the other side (RFC 3261 §14.1). Empty body: asks for an offer. */
export function reinvite(side: DialogSide, body: string, events: ReinviteEvents): Reinviting {
  let attempts = 0;
  let timer: NodeJS.Timeout | undefined;
  const onFinal = (response: ClientResponse): void => {
    if (response.status < 300 && response.body !== "") {
      events.onAnswered(response);
    } else if (response.status < 300) {
      response.ack();
      events.onRefused();
    } else if (response.status === 491 && attempts < GLARE_ATTEMPTS) {
      timer = setTimeout(attempt, randomInt(GLARE_MIN_MS, GLARE_MAX_MS));
    } else {
      events.onRefused();
    }
  };
  function attempt(): void {
    attempts += 1;
    const type = body === "" ? {} : { "Content-Type": "application/sdp" };
    const headers = { ...side.contactHeader, ...type };
    side.send({ method: "INVITE", headers, body, limitMs: LIMIT_MS }, { onFinal, onFailure: () => events.onRefused() });
  }
  attempt();
  return { stop: () => clearTimeout(timer) };
}
