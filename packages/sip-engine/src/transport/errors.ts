import { CodedError } from "@mss/runtime";

/** Every way a send or a start can fail. None of them reaches a caller as anything but `TransportError`. */
export const TRANSPORT_ERRORS = {
  LISTEN_FAILED: "cannot listen on the address",
  ADDRESS_INVALID: "the external address, a local network or a trusted one is no IP address or network",
  NO_LISTENER: "no listen address fits the target's transport and address family",
  NOT_RUNNING: "the transport layer is not started or was stopped",
  TARGET_REFUSED: "the target is no address that a message may be sent to",
  RESOLVE_FAILED: "the host name of the target has no address",
  CONNECT_FAILED: "the connection to the target could not be made",
  PEER_NOT_PROVEN: "the peer's certificate does not prove that it is the one that was called",
  CONNECTION_LOST: "the connection ended before the message was written",
  BACKLOG_EXCEEDED: "the peer does not read what is written to it",
  MESSAGE_TOO_LARGE: "the message does not fit into a datagram",
  SEND_FAILED: "the operating system refused the message",
} as const satisfies Record<string, string>;

export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS;

export class TransportError extends CodedError<TransportErrorCode> {
  constructor(code: TransportErrorCode, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, TRANSPORT_ERRORS[code], details, options);
  }
}
