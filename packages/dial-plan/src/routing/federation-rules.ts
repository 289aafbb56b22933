/**
 * What the rules of a federation look like to this package: the parts of a snapshot that say where a call goes. Texts
 * are in the notation of the topology file. A snapshot of `@mss/model` fits as it is.
 */
export interface FederationRules<Branch extends string> {
  readonly branches: readonly BranchNumbers<Branch>[];
  readonly calendars?: readonly CalendarRules<Branch>[] | undefined;
  readonly routes?: readonly RouteRules<Branch>[] | undefined;
  readonly blocked?: readonly BlockRules<Branch>[] | undefined;
}

export interface BranchNumbers<Branch extends string> {
  readonly id: Branch;
  /** As the other branches dial them, the site code in front. */
  readonly numbers: readonly string[];
  /** Digits at the front of `numbers` that the branch's own phones do not have. */
  readonly siteCode?: string | undefined;
  /** IANA name of the zone by whose clock the branch lives; UTC when absent. */
  readonly timeZone?: string | undefined;
  /** Numbers that the branch connects by itself and that no hub takes from it. */
  readonly emergency?: readonly string[] | undefined;
  /** Digits that its phones dial before a number that goes over a carrier line. */
  readonly outside?: string | undefined;
}

/** Hours and days in `timeZone`, else in that of `site`, else in that of the branch that the call comes from. */
export interface CalendarRules<Branch extends string> {
  readonly id: string;
  readonly site?: Branch | undefined;
  /** IANA name. */
  readonly timeZone?: string | undefined;
  /** `mon-fri 09:00-18:00`, `12-24 09:00-12:00`: a day with hours of its own has those only. */
  readonly open: readonly string[];
  /** Days off: `12-25`, `2027-02-06 to 2027-02-09`. */
  readonly closed?: readonly string[] | undefined;
}

/** When a rule holds; what is absent does not matter. */
export interface RuleConditions<Branch extends string> {
  /** Branches that the call comes from. */
  readonly from?: readonly Branch[] | undefined;
  /** A calendar that is open: `hk-office`; or that is not: `not hk-office`. */
  readonly when?: string | undefined;
}

/** What becomes of a number: `number` takes its place, or digits go from its front and others come there. */
export interface NumberRewrite {
  readonly strip?: number | undefined;
  readonly prepend?: string | undefined;
  readonly number?: string | undefined;
}

/** Where a route may lead: to whoever has the number that `NumberRewrite` makes of the dialled one. */
export interface RouteTarget extends NumberRewrite {
  /** Lower ones are tried first. 1 when absent. */
  readonly priority?: number | undefined;
  /** Share of the calls among targets of the same priority. 1 when absent. */
  readonly weight?: number | undefined;
}

export interface RouteRules<Branch extends string> extends RuleConditions<Branch> {
  readonly id: string;
  readonly numbers: readonly string[];
  readonly to: readonly RouteTarget[];
  /** What the callee sees of the calling number. */
  readonly caller?: NumberRewrite | undefined;
}

/** Numbers that must not be called. */
export interface BlockRules<Branch extends string> extends RuleConditions<Branch> {
  readonly id: string;
  readonly numbers: readonly string[];
  /** Numbers among them that may be called all the same. */
  readonly except?: readonly string[] | undefined;
}

/** A rule as faults and explanations name it. */
export type RuleName =
  | { readonly kind: "numbers"; readonly branch: string }
  | { readonly kind: "emergency"; readonly branch: string }
  | { readonly kind: "siteCode"; readonly branch: string }
  | { readonly kind: "route"; readonly id: string }
  | { readonly kind: "blocked"; readonly id: string }
  | { readonly kind: "calendar"; readonly id: string };

/** `numbers of hk`, `route support`. */
export function formatRuleName(rule: RuleName): string {
  switch (rule.kind) {
    case "numbers":
    case "emergency": {
      return `${rule.kind} of ${rule.branch}`;
    }
    case "siteCode": {
      return `site code of ${rule.branch}`;
    }
    case "route":
    case "blocked":
    case "calendar": {
      return `${rule.kind} ${rule.id}`;
    }
  }
}
