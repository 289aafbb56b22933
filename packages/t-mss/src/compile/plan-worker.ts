// A thread that does jobs on plans, one after the other; started by plan-thread.ts.
import { serveThread } from "@mss/runtime";
import { explainRunning } from "../explain/explain-running.ts";
import type { ExplainTask } from "../explain/explain-running.ts";
import { preparePlan } from "./prepare-plan.ts";
import type { PlanTask } from "./prepare-plan.ts";

export type PlanJob =
  { readonly kind: "prepare"; readonly task: PlanTask } | { readonly kind: "explain"; readonly task: ExplainTask };

function isPlanJob(value: unknown): value is PlanJob {
  return typeof value === "object" && value !== null && "kind" in value && "task" in value;
}

serveThread(isPlanJob, (job) => (job.kind === "explain" ? explainRunning(job.task) : preparePlan(job.task)));
