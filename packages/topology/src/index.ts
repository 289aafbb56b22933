export { diffSnapshots } from "./diff/diff-snapshots.ts";
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
export { explainRoute } from "./explain/explain-route.ts";
export type { RouteQuestion } from "./explain/explain-route.ts";
export type { ExplainedCandidate, Explanation, ExplanationOutcome, ExplanationStep } from "./explain/explanation.ts";
export { formatExplanation } from "./explain/format-explanation.ts";
export { FAULT_CODES } from "./fault.ts";
export type { Fault, FaultCode } from "./fault.ts";
export { formatFaults } from "./format-faults.ts";
export { checkTopology, loadTopology } from "./load.ts";
export type { CheckedTopology, LoadOptions, TopologySource } from "./load.ts";
export type { Place } from "./place.ts";
export { Secrets, resolveSecrets } from "./secrets.ts";
export type { ResolvedSecrets, SecretSources } from "./secrets.ts";
export { branchSettings, hubSettings } from "./settings.ts";
export { toSnapshot } from "./snapshot.ts";
export type {
  HttpAddress,
  SecretReference,
  Topology,
  TopologyBranch,
  TopologyExtension,
  TopologyHub,
  TopologyTrunk,
} from "./topology.ts";
