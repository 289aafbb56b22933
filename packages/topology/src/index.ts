export { diffSnapshots, takesManyNumbers } from "./diff/diff-snapshots.ts";
export { formatDiff } from "./diff/format-diff.ts";
export { RISKS } from "./diff/topology-diff.ts";
export type {
  ItemChange,
  NumbersChange,
  Risk,
  TopologyChange,
  TopologyDiff,
  ValueChange,
} from "./diff/topology-diff.ts";
export { topologyJsonSchema } from "./document/schema.ts";
export { ERRORS, TopologyError } from "./errors.ts";
export { directoryOf } from "./explain/call-question.ts";
export type { BranchDirectory, CallQuestion, RunningHub } from "./explain/call-question.ts";
export { callerTimeZone, explainCall } from "./explain/explain-call.ts";
export type {
  ExplainedLead,
  ExplainedLookup,
  ExplainedRewrite,
  ExplainedRule,
  ExplainedTarget,
  Explanation,
  ExplanationOutcome,
  ExplanationStep,
  TrunkState,
} from "./explain/explanation.ts";
export { formatExplanation } from "./explain/format-explanation.ts";
export { FAULT_CODES } from "./fault.ts";
export { checkCertificates } from "./certificates.ts";
export type { CertificateCheckOptions } from "./certificates.ts";
export type { Fault, FaultCode } from "./fault.ts";
export { formatFaults } from "./format-faults.ts";
export { nodeDocument } from "./bundle/node-document.ts";
export type { NodeDocument, NodeDocumentOptions, NodeSecret } from "./bundle/node-document.ts";
export { checkTopology, loadTopology } from "./load.ts";
export type { CheckedTopology, LoadOptions, PlainDocument, TopologySource } from "./load.ts";
export type { Place } from "./place.ts";
export { keysForCopy, readKeptPart, readKeptRevision, writeKeptRevision } from "./publication/kept.ts";
export type { KeptPart, KeptRevision } from "./publication/kept.ts";
export { branchParts, openPart, partTag, sealParts } from "./publication/branch-parts.ts";
export type { OpenedPart } from "./publication/branch-parts.ts";
export { branchToken } from "./publication/branch-token.ts";
export type { BranchTokenOptions } from "./publication/branch-token.ts";
export { REVISION_FAULTS, openRevision } from "./publication/open-revision.ts";
export type { OpenOptions, OpenedRevision, RevisionFault } from "./publication/open-revision.ts";
export { applyTopology, rollbackTopology } from "./publication/publish.ts";
export type { PublicationOptions, PublicationOutcome } from "./publication/publish.ts";
export { forksFrom, revisionDigest, sealRevision } from "./publication/seal-revision.ts";
export type { HeaderFields } from "./publication/seal-revision.ts";
export { createSigningKeyPem, readSigningKey } from "./publication/signing-key.ts";
export type { SigningKey } from "./publication/signing-key.ts";
export { beginTrust, handTrustOn, keyId } from "./publication/trust.ts";
export type { Trust } from "./publication/trust.ts";
export { formatReplay, replayCalls } from "./replay/replay-calls.ts";
export type { MovedCall, Replay } from "./replay/replay-calls.ts";
export { Secrets, resolveSecrets, secretFilesOf } from "./secrets.ts";
export type { ResolvedSecrets, SecretSources } from "./secrets.ts";
export { branchSettings, hubSettings, settingsWithPart } from "./settings.ts";
export { hashedSnapshot, toSnapshot } from "./snapshot.ts";
export type {
  HttpAddress,
  SecretReference,
  Topology,
  TopologyBranch,
  TopologyExtension,
  TopologyHub,
  TopologyTls,
  TopologyTrunk,
} from "./topology.ts";
