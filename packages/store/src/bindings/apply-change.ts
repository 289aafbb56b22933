import type { Binding, BindingLimits, BindingOutcome } from "@mss/model";

export interface BindingChange {
  readonly set: readonly Binding[];
  readonly remove: readonly string[];
}

/**
 * What one REGISTER makes of the bindings of its address of record. `known` is in order of registration and may hold
 * expired ones. A refreshed contact keeps its place. The limit refuses what adds a contact, never a mere refresh, so
 * that lowering the limit throws no phone off. `redis/scripts/apply-bindings-2.lua` is the same rule for Redis.
 */
export function applyBindingChange(
  known: readonly Binding[],
  change: BindingChange,
  limits: BindingLimits,
): BindingOutcome {
  const alive = new Map(known.filter((binding) => binding.expiresAt > limits.nowMs).map((old) => [old.contact, old]));
  // RFC 3261 §10.3 step 7: within one Call-ID only a higher CSeq counts.
  if (change.set.some((binding) => isNotNewer(binding, alive.get(binding.contact)))) {
    return { kind: "outOfOrder" };
  }
  const adds = change.set.some((binding) => !alive.has(binding.contact));
  const next = new Map(alive);
  for (const contact of change.remove) {
    next.delete(contact);
  }
  for (const binding of change.set) {
    next.set(binding.contact, binding);
  }
  if (adds && next.size > limits.maxContacts) {
    return { kind: "tooMany", limit: limits.maxContacts };
  }
  return { kind: "stored", bindings: [...next.values()] };
}

function isNotNewer(binding: Binding, old: Binding | undefined): boolean {
  return old !== undefined && old.callId === binding.callId && binding.cseq <= old.cseq;
}
