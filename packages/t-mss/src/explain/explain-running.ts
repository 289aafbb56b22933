import { instantOf } from "@mss/dial-plan";
import { snapshotSchema, textOf } from "@mss/model";
import type { BranchId, HubId, SharedText } from "@mss/model";
import { callerTimeZone, explainCall } from "@mss/topology";
import type { Explanation, TrunkState } from "@mss/topology";

/** A call that somebody wants explained: numbers as dialled, and when, by the clock of the caller; now when absent. */
export interface ExplainQuestion {
  readonly from: string;
  readonly to: string;
  readonly branch?: string | undefined;
  readonly at?: string | undefined;
}

/** Plain data, so that another thread can answer. */
export interface ExplainTask {
  readonly question: ExplainQuestion;
  /** The snapshot in force, as JSON, and its hash. */
  readonly text: SharedText;
  readonly hash: string;
  readonly hub: HubId;
  readonly revision: number;
  readonly nowMs: number;
  readonly trunks: readonly (readonly [BranchId, TrunkState])[];
}

export type ExplainOutcome =
  { readonly kind: "explained"; readonly explanation: Explanation } | { readonly kind: "noTime"; readonly at: string };

/** By the plan in force, which is compiled and asked by the code that routes, and with the trunks as they are now. */
export function explainRunning({ question, text, hash, hub, revision, nowMs, trunks }: ExplainTask): ExplainOutcome {
  const { from, to, branch, at } = question;
  const contents: unknown = JSON.parse(textOf(text));
  const snapshot = snapshotSchema.parse({ ...(typeof contents === "object" ? contents : {}), hash });
  const call = { snapshot, from, to, ...(branch === undefined ? {} : { branch }) };
  const atMs = at === undefined ? nowMs : instantOf(at, callerTimeZone(call) ?? "UTC", nowMs);
  if (atMs === undefined) {
    return { kind: "noTime", at: at ?? "" };
  }
  const states = new Map(trunks);
  const running = { hub, revision, trunk: (id: BranchId) => states.get(id) };
  return { kind: "explained", explanation: explainCall({ ...call, atMs, running }) };
}
