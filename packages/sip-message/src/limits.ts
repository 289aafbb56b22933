/** Lengths are bytes, counts are entries; each has the SIP status that answers a message beyond it. */
export interface MessageLimits {
  /** Whole message in one datagram: 513. */
  readonly datagramBytes: number;
  /** Whole message on a stream: 513 and the stream is closed. */
  readonly streamBytes: number;
  /** 413. */
  readonly bodyBytes: number;
  /** Header fields: 400. */
  readonly headerCount: number;
  /** One header field with its name and all its folded lines: 400. */
  readonly lineBytes: number;
  /** Every header of digest authentication, challenges too: 400. drachtio-srf reads them in quadratic time. */
  readonly authorizationBytes: number;
  /** One entry of Via: 400. */
  readonly viaEntryBytes: number;
  /** Request-URI: 414. */
  readonly requestUriBytes: number;
  /** Call-ID, tags and branch, each: 400. */
  readonly identifierBytes: number;
  /** Entries of Via: 400. */
  readonly viaEntries: number;
  /** Entries of Route and of Record-Route, each: 400. */
  readonly routeEntries: number;
  /** Entries of Contact: 400. */
  readonly contactEntries: number;
  /** Lines of a body, or part of a body, of type application/sdp: 488. */
  readonly sdpLines: number;
  /** Content-Type: 400. drachtio-srf looks for the boundary in quadratic time. */
  readonly contentTypeBytes: number;
  /** Multipart bodies within each other, the outermost included: 415. */
  readonly multipartDepth: number;
}

export const DEFAULT_LIMITS: MessageLimits = {
  datagramBytes: 16_384, // Kamailio's default configuration
  streamBytes: 65_535,
  bodyBytes: 65_535,
  headerCount: 128,
  lineBytes: 4_096,
  authorizationBytes: 1_024,
  viaEntryBytes: 512,
  requestUriBytes: 512,
  identifierBytes: 256,
  viaEntries: 70, // as many hops as the usual Max-Forwards lets a request pass; RFC 4475 longreq has 34
  routeEntries: 20,
  contactEntries: 10,
  sdpLines: 200,
  contentTypeBytes: 512,
  multipartDepth: 2,
};
