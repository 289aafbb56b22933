// A thread that does one job on the texts of a plan and ends; started by plan-thread.ts.
import { parentPort } from "node:worker_threads";
import { buffersOf } from "@mss/dial-plan";
import { explainRunning } from "../explain/explain-running.ts";
import type { ExplainTask } from "../explain/explain-running.ts";
import { preparePlan } from "./prepare-plan.ts";
import type { PlanTask } from "./prepare-plan.ts";

/** Jobs without the texts of their snapshots, which come before them. */
export type PlanJob =
  | { readonly kind: "prepare"; readonly task: PlanTask }
  | { readonly kind: "explain"; readonly task: Omit<ExplainTask, "text"> };

/** The pieces of the texts, then the job. */
export type PlanMessage =
  | { readonly kind: "text"; readonly position: number; readonly text: string }
  | { readonly kind: "job"; readonly job: PlanJob };

const pieces: string[][] = [];

function textAt(position: number): string {
  return (pieces[position] ?? []).join("");
}

function prepare(task: PlanTask): void {
  const { candidate, inForce } = task;
  const prepared = preparePlan({
    ...task,
    candidate: { ...candidate, texts: { ...candidate.texts, snapshot: textAt(0) } },
    ...(inForce && { inForce: { ...inForce, texts: { ...inForce.texts, snapshot: textAt(1) } } }),
  });
  parentPort?.postMessage(prepared, prepared.kind === "prepared" ? buffersOf(prepared.owners) : []);
}

function run(job: PlanJob): void {
  if (job.kind === "prepare") {
    prepare(job.task);
  } else {
    parentPort?.postMessage(explainRunning({ ...job.task, text: textAt(0) }), []);
  }
  parentPort?.close();
}

parentPort?.on("message", (message: PlanMessage) => {
  if (message.kind === "text") {
    (pieces[message.position] ??= []).push(message.text);
  } else {
    run(message.job);
  }
});
