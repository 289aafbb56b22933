import type { SipResponse } from "@mss/sip-message";

/** An application's answer, ready to be sent. */
export interface Answer {
  readonly response: SipResponse;
  /** The Contact the application gave. */
  readonly localContact: string | undefined;
  readonly reliable: boolean;
  readonly reliableSequence: number | undefined;
}
