import type { Fault } from "./fault.ts";
import { formatPlace } from "./place.ts";

/**
 * Faults as a command prints them: `file:line:column  message — advice`, then the line with a caret under the place.
 * Ends without a line break; empty for no faults.
 */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(formatFault).join("\n");
}

function formatFault(fault: Fault): string {
  const head = `${formatPlace(fault)}  ${fault.message} — ${fault.advice}`;
  if (fault.sourceLine === undefined) {
    return head;
  }
  const number = String(fault.line);
  const gutter = " ".repeat(number.length);
  // tabs stay tabs, so that the caret stands right at any tab width
  const indent = fault.sourceLine.slice(0, fault.column - 1).replaceAll(/[^\t]/g, " ");
  return `${head}\n  ${number} | ${fault.sourceLine}\n  ${gutter} | ${indent}^`;
}
