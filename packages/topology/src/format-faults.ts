import type { Fault } from "./fault.ts";
import { formatPlace } from "./place.ts";

/** Faults as a person reads them: place, what is wrong, what to write; below, the line with a caret. */
export function formatFaults(faults: readonly Fault[], label: "error" | "warning" = "error"): string {
  return faults.map((fault) => formatFault(fault, label)).join("");
}

function formatFault(fault: Fault, label: string): string {
  const head = `${formatPlace(fault)}  ${label}: ${fault.message} — ${fault.advice} [${fault.code}]\n`;
  if (fault.sourceLine === undefined) {
    return head;
  }
  const caret = " ".repeat(Math.max(0, fault.column - 1));
  return `${head}    ${fault.sourceLine}\n    ${caret}^\n`;
}
