export { ANONYMOUS_HOST, demandsUnavailablePrivacy } from "../bridge/identity.ts";
export { loneHandlers } from "./answer-options.ts";
export { parseAuthValues } from "../auth/auth-values.ts";
export type { AuthValue } from "../auth/auth-values.ts";
export { branchCall } from "./branch-call.ts";
export type { BranchCall, BranchCallOptions } from "./branch-call.ts";
export { branchLabel, callingNumber } from "./calling-number.ts";
export type { CallingNumber, CallingNumberOptions } from "./calling-number.ts";
export { callLimits } from "./call-limits.ts";
export { deferred } from "./deferred.ts";
export type { DeferredPart } from "./deferred.ts";
export { dialledNumber } from "./dialled-number.ts";
export { engineAccess, engineOptions } from "./engine-options.ts";
export type { EngineOptionsParts, EngineSettings } from "./engine-options.ts";
export type { EngineReport } from "./engine-metrics.ts";
export { knownSources } from "./known-sources.ts";
export type { KnowingEngine, KnownSourcesOptions } from "./known-sources.ts";
export { createNodeHttp } from "./node-http.ts";
export type { NodeGauge, NodeHttp, NodeHttpOptions } from "./node-http.ts";
export { takeCancels, workerOptions } from "./node-worker.ts";
export type { NodeWorker } from "./node-worker.ts";
export { NODE_ERRORS, NodeError, NodeTls } from "./node-tls.ts";
export type { CertificateStatus, NodeErrorCode, NodeTlsOptions, TlsEngine } from "./node-tls.ts";
export { RecordShipper } from "../record/record-shipper.ts";
export type {
  RecordReceipt,
  RecordShipperOptions,
  SendRecords,
  ShippingStatus,
  ShippingTiming,
} from "../record/record-shipper.ts";
export { RecordLedger } from "../record/record-ledger.ts";
export type { RecordLedgerOptions, LedgerStatus, LedgerTiming } from "../record/record-ledger.ts";
export { pathOfCall } from "./path-of-call.ts";
export { reachableFromElsewhere } from "./reachable-binding.ts";
export { reject } from "./reject.ts";
export { isSameHost } from "./same-host.ts";
export { sessionIdOf } from "./session-id.ts";
