export { TRANSPORTS, namedHopOf, sipUriOf, transportAddressSchema } from "./address.ts";
export type { Transport, TransportAddress } from "./address.ts";
export { bindingSchema } from "./binding.ts";
export type { Binding } from "./binding.ts";
export {
  blockSchema,
  calendarSchema,
  numberRewriteSchema,
  overflowSchema,
  publicNumberSchema,
  routeSchema,
} from "./call-rules.ts";
export type {
  BlockRules,
  CalendarRules,
  NumberRewrite,
  OverflowRules,
  PublicNumberRule,
  RouteRules,
} from "./call-rules.ts";
export { CALL_RESULTS, callRecordSchema, openCallSchema, recordKey, recordOfCrash } from "./call-record.ts";
export type { CallRecord, CallResult, OpenCall } from "./call-record.ts";
export type {
  CallJournal,
  CallRecordPage,
  CallRecordQuery,
  CallRecordReader,
  CallRecordStore,
  InsertOutcome,
  JournalBatch,
  SentMark,
} from "./call-journal.ts";
export { CAUSES, reasonHeader } from "./cause.ts";
export type { Cause } from "./cause.ts";
export { branchIdSchema, extensionNumberSchema, hubIdSchema } from "./ids.ts";
export type { BranchId, ExtensionNumber, HubId, NodeId } from "./ids.ts";
export type {
  BindingLimits,
  BindingOutcome,
  BindingStore,
  CopyStore,
  LeaseOutcome,
  HistoryQuery,
  LeaseStore,
  PublishOutcome,
  ReachStore,
  RestoreOutcome,
  TopologyStore,
} from "./ports.ts";
export { emptySharedText, sharedText, textOf } from "./shared-text.ts";
export type { SharedText } from "./shared-text.ts";
export {
  partTextsSchema,
  readSealedRevision,
  revisionHeaderSchema,
  revisionTextsSchema,
  MAX_SIGNING_KEYS,
  signatureSchema,
  signingKeySchema,
  supersedes,
} from "./revision.ts";
export { branchPartBodySchema, branchPartSchema, endpointSchema } from "./branch-part.ts";
export type { BranchPart, BranchPartBody, DirectPeerSettings, DirectSettings, Endpoint } from "./branch-part.ts";
export type { PartTexts, Revision, RevisionHeader, RevisionTexts, SealedRevision } from "./revision.ts";
export { recordBatchSchema, recordReceiptSchema } from "./record-batch.ts";
export { branchReachSchema, reachViewSchema } from "./reach.ts";
export type { BranchReach, ReachView } from "./reach.ts";
export { sha256Schema, snapshotSchema } from "./snapshot.ts";
export type { Snapshot, SnapshotBranch, SnapshotHub } from "./snapshot.ts";
export { DIGEST_ALGORITHMS, MAX_CONTACTS_PER_EXTENSION } from "./settings.ts";
export type {
  BranchSettings,
  DigestAlgorithm,
  EmergencySettings,
  BranchTrunkSettings,
  CallLimitSettings,
  CarrierLineSettings,
  CarrierServer,
  ProbeSettings,
  ConnectionLimitSettings,
  ExtensionSettings,
  ExternalAddressSettings,
  FloodLimitSettings,
  GatewaySettings,
  HubSettings,
  HubTrunkSettings,
  LimitSettings,
  MessageLimitSettings,
  RateSettings,
  RegistrationSettings,
  TlsSettings,
  TrunkHubSettings,
} from "./settings.ts";
