import assert from "node:assert/strict";
import { compileHubPlan } from "@mss/dial-plan";
import type { FederationRules, HubPlan } from "@mss/dial-plan";

export type Site = "hk" | "london" | "paris";

/** A Friday, 03:00 in London and Paris's 04:00, 11:00 in Hong Kong. */
export const FRIDAY_3_UTC = Date.parse("2026-11-27T03:00:00Z");
export const FRIDAY_10_UTC = Date.parse("2026-11-27T10:00:00Z");

export function planOf(rules: FederationRules<Site>): HubPlan<Site> {
  const compiled = compileHubPlan(rules);
  assert.equal(compiled.kind, "compiled", JSON.stringify(compiled));
  return compiled.plan;
}

export const BRANCHES: FederationRules<Site>["branches"] = [
  { id: "hk", numbers: ["1xxx"], timeZone: "Asia/Hong_Kong", emergency: ["999", "112"] },
  { id: "london", numbers: ["4xxx"], timeZone: "Europe/London", emergency: ["999"] },
  { id: "paris", numbers: ["61xxx"], siteCode: "6", timeZone: "Europe/Paris" },
];
