import { formatFaults } from "@mss/topology";
import type { Fault } from "@mss/topology";

/** Faults as they are printed: one after the other, each line ended. Empty for none. */
export function faultText(faults: readonly Fault[]): string {
  return faults.length === 0 ? "" : `${formatFaults(faults)}\n`;
}
