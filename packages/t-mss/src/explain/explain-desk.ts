import type { BranchId, HubSettings, LeaseStore } from "@mss/model";
import { withDeadline } from "@mss/runtime";
import type { HttpAnswer, HttpQuestion } from "@mss/runtime/http";
import type { TrunkState } from "@mss/topology";
import { isInPlace } from "../compile/compile-plan.ts";
import type { PlanThread } from "../compile/plan-thread.ts";
import { trunkLeaseKey } from "../plan.ts";
import type { PlanFeed } from "../plan-feed.ts";
import type { TrunkLocations } from "../trunk-locations.ts";
import { explainRunning } from "./explain-running.ts";
import type { ExplainOutcome, ExplainQuestion, ExplainTask } from "./explain-running.ts";
import type { OperatorToken } from "./operator-token.ts";

export interface ExplainDeskOptions {
  readonly settings: () => HubSettings;
  readonly feed: PlanFeed;
  readonly locations: TrunkLocations;
  /** It is registered here and does not answer. */
  readonly isLost: (branch: BranchId) => boolean;
  readonly leases: LeaseStore;
  /** Calls of this hub alone, for a trunk without a limit or with the store away. */
  readonly callsHere: (branch: BranchId) => Promise<number>;
  readonly token: OperatorToken | undefined;
  /** Where a large plan is read and compiled for the answer. */
  readonly thread: PlanThread;
}

const LONGEST_NUMBER = 64;
const NEEDED = ["from", "to"] as const;
const POSSIBLE: readonly string[] = [...NEEDED, "branch", "at"];
const EXPLAIN_LIMIT_MS = 60_000;
const COUNT_LIMIT_MS = 250;

/** `GET /explain?from=1000&to=4012`: why a call would go where it goes, at this hub and now. */
export class ExplainDesk {
  readonly #options: ExplainDeskOptions;
  #isBusy = false;

  constructor(options: ExplainDeskOptions) {
    this.#options = options;
  }

  async answer({ query, authorization }: HttpQuestion): Promise<HttpAnswer> {
    const { token } = this.#options;
    if (token?.admits(authorization) !== true) {
      const error = "the token of this hub is needed: it is in the data directory of the hub";
      return { status: 401, headers: { "WWW-Authenticate": 'Bearer realm="mss"' }, body: { error } };
    }
    const question = questionOf(query);
    if (typeof question === "string") {
      return { status: 400, body: { error: question } };
    }
    if (this.#isBusy) {
      return { status: 429, headers: { "Retry-After": "1" }, body: { error: "another call is being explained" } };
    }
    this.#isBusy = true;
    try {
      return await this.#explain(question);
    } finally {
      this.#isBusy = false;
    }
  }

  async #explain(question: ExplainQuestion): Promise<HttpAnswer> {
    const { feed, settings } = this.#options;
    const inForce = feed.snapshotInForce;
    if (inForce === undefined) {
      return { status: 503, body: { error: "this hub has no plan yet" } };
    }
    const trunks = await this.#trunks();
    const outcome = await this.#explained({ ...inForce, question, hub: settings().id, nowMs: Date.now(), trunks });
    return outcome.kind === "explained"
      ? { status: 200, body: outcome.explanation }
      : { status: 400, body: { error: `${outcome.at} is no time: write "sat 23:00" or 2026-11-28T23:00:00Z` } };
  }

  async #explained(task: ExplainTask): Promise<ExplainOutcome> {
    return isInPlace(task.text)
      ? explainRunning(task)
      : this.#options.thread.run({ kind: "explain", task }, AbortSignal.timeout(EXPLAIN_LIMIT_MS));
  }

  /** Where the calls would find them: a trunk may be registered at another hub. */
  #trunks(): Promise<ExplainTask["trunks"]> {
    const branches = [...this.#options.settings().trunks.keys()];
    return Promise.all(branches.map(async (branch) => [branch, await this.#trunk(branch)] as const));
  }

  async #trunk(branch: BranchId): Promise<TrunkState> {
    const { feed, locations, leases, callsHere } = this.#options;
    const bindings = await locations.find(branch, Date.now());
    const maxCalls = feed.plan?.maxCalls(branch);
    const state = bindings.length > 0 && !this.#options.isLost(branch) ? "up" : "down";
    if (maxCalls === undefined) {
      return { state, calls: await callsHere(branch) };
    }
    const counted = withDeadline(leases.inUse(trunkLeaseKey(branch)), COUNT_LIMIT_MS, "count calls of a trunk");
    return { state, calls: await counted.catch(() => callsHere(branch)), maxCalls };
  }
}

/** What is wrong with it in words, when it is none. */
function questionOf(query: unknown): ExplainQuestion | string {
  const given = Object.entries(typeof query === "object" && query !== null ? query : {});
  const values = new Map<string, string>();
  for (const [name, value] of given) {
    if (!POSSIBLE.includes(name) || typeof value !== "string" || value.length > LONGEST_NUMBER) {
      return `${name.slice(0, LONGEST_NUMBER)} is given twice, too long, or none of ${POSSIBLE.join(", ")}`;
    }
    values.set(name, value);
  }
  const [from, to] = NEEDED.map((name) => values.get(name) ?? "");
  return from === undefined || to === undefined || from === "" || to === ""
    ? "from and to are needed: /explain?from=1000&to=4012"
    : { from, to, branch: values.get("branch"), at: values.get("at") };
}
