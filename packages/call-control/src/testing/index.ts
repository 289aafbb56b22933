export { answerChallenge } from "./digest-answer.ts";
export type { Account } from "./digest-answer.ts";
export { SDP, SipPhone } from "./sip-phone.ts";
export type { Exchange, IncomingCall, OutgoingCall, RequestFields, SipPhoneOptions } from "./sip-phone.ts";
export type { SocketAddress } from "./sip-socket.ts";
