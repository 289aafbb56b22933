import type { CallTarget } from "@mss/call-control";
import { sipUriOf } from "@mss/model";
import type { Binding } from "@mss/model";

/** One phone that is registered here. */
export function phoneTarget(binding: Binding, ringTimeoutMs: number): CallTarget {
  return {
    label: `extension:${binding.aor}`,
    uri: binding.contact,
    // To where the phone registered from, whatever its Contact says: NAT, and no traffic to third parties (SEC-29).
    proxy: sipUriOf(binding.source),
    phone: true,
    ringTimeoutMs,
  };
}
