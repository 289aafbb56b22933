import { compileBranchPlan, formatPattern, formatRuleName } from "@mss/dial-plan";
import type { BranchPlan } from "@mss/dial-plan";
import type { BranchSettings } from "@mss/model";
import { BranchError } from "./errors.ts";

/** What the branch's settings say of where calls go, compiled. Throws `NUMBERS_REFUSED`, with the reason. */
export function compileCallPlan(settings: BranchSettings): BranchPlan {
  const { emergency, ...rules } = settings;
  const compiled = compileBranchPlan({ ...rules, emergency: emergency?.numbers });
  if (compiled.kind === "invalid") {
    const { rule, text, reason } = compiled;
    throw new BranchError("NUMBERS_REFUSED", { rule: formatRuleName(rule), text, reason });
  }
  if (compiled.kind === "conflicting") {
    throw new BranchError("NUMBERS_REFUSED", { tied: compiled.tied.map(formatPattern) });
  }
  return compiled.plan;
}
