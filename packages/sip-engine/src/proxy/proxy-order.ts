import type { ProxyCommand } from "../wire/commands.ts";
import type { BranchTimeouts } from "./branch.ts";

const DURATION = /^(\d{1,7})(ms|s)$/;
const MILLISECONDS = 1000;

/** The times of a proxy command; a text that tells the application what it should have written. */
export function timeoutsOf(command: ProxyCommand): BranchTimeouts | string {
  const provisionalMs = durationOf(command.provisionalTimeout);
  const finalMs = durationOf(command.finalTimeout);
  if (Number.isNaN(provisionalMs)) {
    return `invalid provisionalTimeout: ${command.provisionalTimeout} (write 2s or 1500ms)`;
  }
  if (Number.isNaN(finalMs)) {
    return `invalid finalTimeout: ${command.finalTimeout} (write 2s or 1500ms)`;
  }
  return { provisionalMs, finalMs };
}

/** In milliseconds; undefined for an empty text, NaN for one that is no time. */
function durationOf(text: string): number | undefined {
  if (text === "") {
    return undefined;
  }
  const match = DURATION.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * (match[2] === "s" ? MILLISECONDS : 1);
}
