import { compileOwnership, formatConflict } from "@mss/dial-plan";
import type { BranchTarget, DialPlan } from "@mss/dial-plan";
import type { BranchSettings } from "@mss/model";
import { BranchError } from "./errors.ts";

/** The branch's own numbers and those within them that are another's. Throws `NUMBERS_REFUSED`, with the reason. */
export function compileOwnNumbers(
  settings: Pick<BranchSettings, "numbers" | "numbersElsewhere">,
): DialPlan<BranchTarget> {
  const compiled = compileOwnership<BranchTarget>([
    { numbers: settings.numbers, target: "own" },
    { numbers: settings.numbersElsewhere, target: "elsewhere" },
  ]);
  if (compiled.kind === "invalid") {
    throw new BranchError("NUMBERS_REFUSED", { pattern: compiled.text, reason: compiled.reason });
  }
  if (compiled.kind === "conflicting") {
    const conflicts = compiled.conflicts.map((conflict) => formatConflict(conflict, (target) => target));
    throw new BranchError("NUMBERS_REFUSED", { conflicts });
  }
  return compiled.plan;
}
