export { createDigestGuard } from "./auth/digest-guard.ts";
export type { ClientCredentials, DigestAlgorithm } from "./auth/credentials.ts";
export type { DigestGuard, DigestGuardOptions, DigestOutcome, FindSecret } from "./auth/types.ts";
export type { BridgePlan, BridgeStep, CallTarget, EndedBy, LeaseRequest, RateRequest, Party } from "./bridge/types.ts";
export type { PathProof } from "./bridge/path.ts";
export type { TriedRoute } from "./bridge/tried.ts";
export type { TransferPolicy, TransferRequest } from "./calls/transfer-route.ts";
export { createCallControl } from "./calls/call-control.ts";
export { createSipServer } from "./drachtio/sip-server.ts";
export type { ActiveCall, CallControl, CallControlOptions, CallLimits, CallStanding } from "./call-control-types.ts";
export type {
  AddressHeader,
  EngineAddress,
  IncomingInvite,
  IncomingRequest,
  LinkState,
  LocalEngine,
  OutgoingRequest,
  ReplyOptions,
  RequestHandlers,
  RequestOutcome,
  SipHeaders,
  SipServer,
  SipServerOptions,
} from "./drachtio/types.ts";
export { CallError, ERRORS } from "./errors.ts";
export type { CallErrorCode } from "./errors.ts";
export type { LampPlan, LampSource, WatchRoute } from "./lamps/types.ts";
export { chain, next } from "./pipeline.ts";
export type { Reply, Step, Verdict } from "./pipeline.ts";
