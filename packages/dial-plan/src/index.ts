export { compareOwnership, formatRange, lostShareOf } from "./compare-ownership.ts";
export type { OwnershipChange, OwnershipComparison } from "./compare-ownership.ts";
export { compileColumns, formatConflict, shareColumns } from "./compile-columns.ts";
export type { CompiledColumns, DialPlanColumns, PlanConflict } from "./compile-columns.ts";
export { compileDialPlan, dialPlanOf } from "./dial-plan.ts";
export type { CompiledDialPlan, DialPlan, PlanMatch } from "./dial-plan.ts";
export type { DialPlanEntry } from "./entry-columns.ts";
export type { CandidateVerdict, PlanCandidate } from "./explain-lookup.ts";
export { MAX_DIALLED_DIGITS, normalizeNumber } from "./normalize-number.ts";
export type { NormalizedNumber } from "./normalize-number.ts";
export { MAX_PATTERN_DIGITS, formatPattern, parsePattern, patternContains } from "./number-pattern.ts";
export type { NumberPattern, ParsedPattern } from "./number-pattern.ts";
export { findOverlaps, overlapOf } from "./overlap.ts";
export type { Overlap, OverlapRelation, OverlappingPair } from "./overlap.ts";
export { compileOwnership } from "./ownership.ts";
export type { CompiledOwnership, NumberOwner } from "./ownership.ts";
export { branchRules, withoutCode } from "./routing/branch-rules.ts";
export type { BranchRules } from "./routing/branch-rules.ts";
export { BranchPlan, compileBranchPlan } from "./routing/branch-plan.ts";
export type { BranchDecision, BranchExplanation, BranchQuestion, CompiledBranchPlan } from "./routing/branch-plan.ts";
export { parseClosedDates, parseOpenHours } from "./routing/calendar.ts";
export { compileHubPlan, compileNumbers, formatRuleConflict } from "./routing/compile-hub-plan.ts";
export type { CompiledHubPlan, CompiledNumbers, RuleConflict, RuleEntry } from "./routing/compile-hub-plan.ts";
export { formatRuleName } from "./routing/federation-rules.ts";
export type {
  BlockRules,
  BranchNumbers,
  CalendarRules,
  FederationRules,
  NumberRewrite,
  RouteRules,
  RouteTarget,
  RuleConditions,
  RuleName,
} from "./routing/federation-rules.ts";
export type {
  ExplainedLookup,
  ExplainedTarget,
  HubDecision,
  HubExplanation,
  HubQuestion,
  HubTarget,
  NumberChange,
} from "./routing/hub-decision.ts";
export { HubPlan } from "./routing/hub-plan.ts";
export { drawOf } from "./routing/order-targets.ts";
export { instantOf, isTimeZone, localTimeText } from "./routing/local-time.ts";
export { rewriteNumber, rewritePattern } from "./routing/number-rewrite.ts";
export type { PossibleRule } from "./routing/possible-rules.ts";
export { PublicNumbers, parsePublicNumbers } from "./routing/public-numbers.ts";
export type { ParsedPublicNumbers, PublicNumberRule } from "./routing/public-numbers.ts";
export { proveRules } from "./routing/prove-rules.ts";
export type { RuleFinding } from "./routing/prove-rules.ts";
export { parseWhen } from "./routing/rule-conditions.ts";
export type { ConsideredRule, RuleVerdict } from "./routing/rule-verdict.ts";
