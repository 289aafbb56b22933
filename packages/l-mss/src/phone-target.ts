import type { CallTarget } from "@mss/call-control";
import { sipUriOf } from "@mss/model";
import type { Binding } from "@mss/model";

/** One phone that is registered here. */
export function phoneTarget(binding: Binding, ringTimeoutMs: number): CallTarget {
  const source = sipUriOf(binding.source);
  return {
    label: `extension:${binding.aor}`,
    uri: binding.contact,
    // To where the phone registered from, whatever its Contact says: NAT, and no traffic to third parties (SEC-29). And
    // over UDP where it registered over UDP, whatever the size of a call: its router lets nothing else in.
    proxy: binding.source.transport === "udp" ? `${source};transport=udp` : source,
    phone: true,
    ringTimeoutMs,
  };
}
