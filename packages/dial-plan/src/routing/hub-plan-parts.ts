import type { DialPlan } from "../dial-plan.ts";
import type { BlockedNumbers } from "./blocked-numbers.ts";
import type { NumberRewrite, RouteTarget } from "./federation-rules.ts";
import type { PrefixTable } from "./prefix-table.ts";
import type { Calendars, CompiledConditions } from "./rule-conditions.ts";

export interface CompiledRoute<Branch> {
  readonly id: string;
  readonly conditions: CompiledConditions<Branch>;
  readonly targets: readonly RouteTarget[];
  readonly caller: NumberRewrite | undefined;
}

export interface HubPlanParts<Branch extends string> {
  readonly numbers: DialPlan<Branch>;
  readonly routes: PrefixTable<CompiledRoute<Branch>>;
  readonly blocked: BlockedNumbers<Branch>;
  readonly calendars: Calendars<Branch>;
  readonly siteCodes: ReadonlyMap<Branch, string>;
  readonly emergency: ReadonlyMap<Branch, ReadonlySet<string>>;
}
