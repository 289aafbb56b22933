import { withDeadline } from "@mss/runtime";
import { TransportError } from "./errors.ts";

/** Gives the IP addresses of a host name, the best first. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const RESOLVE_LIMIT_MS = 1_000; // a name server that is slower must not hold up calls that could go elsewhere

/** Rejects with RESOLVE_FAILED, whatever went wrong. */
export async function resolveWithin<Found>(look: () => Promise<Found>, host: string): Promise<Found> {
  try {
    return await withDeadline(look(), RESOLVE_LIMIT_MS, "resolve");
  } catch (cause) {
    throw new TransportError("RESOLVE_FAILED", { host }, { cause });
  }
}
