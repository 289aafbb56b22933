import { lookup } from "node:dns/promises";
import { withDeadline } from "@mss/runtime";
import { TransportError } from "./errors.ts";

/** Gives the IP addresses of a host name, the best first. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const RESOLVE_LIMIT_MS = 1_000; // a name server that is slower must not hold up calls that could go elsewhere

/** Asks the operating system, so hosts file and search domains count. SRV and NAPTR (RFC 3263) are not asked for. */
export const resolveBySystem: Resolve = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map((entry) => entry.address);
};

/** Rejects with RESOLVE_FAILED, whatever went wrong. */
export async function resolveWithin(resolve: Resolve, host: string): Promise<readonly string[]> {
  try {
    return await withDeadline(resolve(host), RESOLVE_LIMIT_MS, "resolve");
  } catch (cause) {
    throw new TransportError("RESOLVE_FAILED", { host }, { cause });
  }
}
