export { answerChallenge } from "./digest-answer.ts";
export type { Account } from "./digest-answer.ts";
export { SipPhone } from "./sip-phone.ts";
export { sessionDescriptionOf } from "./types.ts";
export type { Exchange, IncomingCall, OutgoingCall, PhoneAnswer, RequestFields, SipPhoneOptions } from "./types.ts";
export type { SocketAddress } from "./sip-socket.ts";
export type { PhoneTls } from "./sip-stream.ts";
export { memoryGroups } from "./memory-groups.ts";
