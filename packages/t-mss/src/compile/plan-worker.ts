// A thread that compiles one plan and ends; started by compile-plan.ts.
import { parentPort } from "node:worker_threads";
import { buffersOf } from "@mss/dial-plan";
import { preparePlan } from "./prepare-plan.ts";
import type { PlanTask } from "./prepare-plan.ts";

/** In this order: the texts of the snapshots in pieces, then the task, whose snapshots they are. */
export type PlanMessage =
  | { readonly kind: "text"; readonly which: "candidate" | "inForce"; readonly text: string }
  | { readonly kind: "task"; readonly task: PlanTask };

const pieces = { candidate: new Array<string>(), inForce: new Array<string>() };

function run(task: PlanTask): void {
  const { candidate, inForce } = task;
  const prepared = preparePlan({
    ...task,
    candidate: { ...candidate, texts: { ...candidate.texts, snapshot: pieces.candidate.join("") } },
    ...(inForce && { inForce: { ...inForce, texts: { ...inForce.texts, snapshot: pieces.inForce.join("") } } }),
  });
  parentPort?.postMessage(prepared, prepared.kind === "prepared" ? buffersOf(prepared.owners) : []);
  parentPort?.close();
}

parentPort?.on("message", (message: PlanMessage) => {
  if (message.kind === "text") {
    pieces[message.which].push(message.text);
  } else {
    run(message.task);
  }
});
