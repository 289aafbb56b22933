import { compileDialPlan } from "./dial-plan.ts";
import type { CompiledDialPlan } from "./dial-plan.ts";
import type { DialPlanEntry } from "./entry-columns.ts";
import { parsePattern } from "./number-pattern.ts";

/** Numbers in the notation of the topology file, and whose they are. */
export interface NumberOwner<Target> {
  readonly numbers: readonly string[];
  readonly target: Target;
}

export type CompiledOwnership<Target> =
  | CompiledDialPlan<Target>
  | { readonly kind: "invalid"; readonly text: string; readonly reason: string; readonly target: Target };

/** `parsePattern` and `compileDialPlan` in one: the plan of a snapshot's branches, or of one branch. */
export function compileOwnership<Target>(owners: readonly NumberOwner<Target>[]): CompiledOwnership<Target> {
  const entries: DialPlanEntry<Target>[] = [];
  for (const { numbers, target } of owners) {
    for (const text of numbers) {
      const parsed = parsePattern(text);
      if (parsed.kind === "invalid") {
        return { kind: "invalid", text, reason: parsed.reason, target };
      }
      entries.push({ pattern: parsed.pattern, target });
    }
  }
  return compileDialPlan(entries);
}
