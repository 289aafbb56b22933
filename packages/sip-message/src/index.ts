export { toBytes, toText } from "./byte-text.ts";
export { canonicalizeMessage } from "./canonicalize-message.ts";
export { type RequestParts, type ResponseOptions, createRequest, createResponse } from "./create-message.ts";
export { parseCSeq } from "./cseq.ts";
export {
  type DigestAlgorithm,
  type DigestInput,
  type DigestQop,
  type DigestSecret,
  digestHa1,
  digestResponse,
} from "./digest.ts";
export {
  type DigestChallenge,
  type DigestCredentials,
  formatDigestChallenge,
  formatDigestCredentials,
  parseDigestChallenge,
  parseDigestCredentials,
} from "./digest-header.ts";
export { SIP_MESSAGE_ERRORS, SipMessageError, type SipMessageErrorCode } from "./errors.ts";
export { type HeaderField, type HeaderList, createHeaderList } from "./header-list.ts";
export { canonicalName } from "./header-name.ts";
export { DEFAULT_LIMITS, type MessageLimits } from "./limits.ts";
export { splitList } from "./list.ts";
export type { SipMessage, SipRequest, SipResponse } from "./message.ts";
export { type MessageFault, messageFault } from "./message-fault.ts";
export { type NameAddress, formatNameAddress, parseNameAddress, parseNameAddressList, tagOf } from "./name-address.ts";
export { PEER_NAMES_HEADER } from "./own-headers.ts";
export { type ParseOutcome, parseDatagram, parseMessage } from "./parse-message.ts";
export { reasonPhrase } from "./reason-phrase.ts";
export { serializeMessage } from "./serialize-message.ts";
export { type SipUri, decodeUser, formatSipUri, parseSipUri, sipUrisEqual } from "./sip-uri.ts";
export { type FramedItem, type StreamFramer, createStreamFramer } from "./stream-framer.ts";
export { type TelUri, parseTelUri } from "./tel-uri.ts";
export { uriScheme } from "./uri-scheme.ts";
export { validateMessage } from "./validate-message.ts";
export { branchOf, formatVia, parseVia, topVia, withTopVia } from "./via.ts";
export type { Via } from "./via-value.ts";
