import { createHash } from "node:crypto";
import { formatPattern } from "@mss/dial-plan";
import type { Snapshot } from "@mss/model";
import type { Topology } from "./topology.ts";

/** What every node may know of the topology. Equal topologies give equal hashes, whatever the order of their files. */
export function toSnapshot(topology: Topology): Snapshot {
  const content = {
    federation: topology.federation,
    hubs: topology.hubs.map(({ id, listen }) => ({ id, listen })).toSorted(byId),
    branches: topology.branches
      .map(({ id, name, numbers, trunk: { maxCalls } }) => ({
        id,
        name,
        numbers: numbers.map(formatPattern).toSorted(),
        ...(maxCalls === undefined ? {} : { maxCalls }),
      }))
      .toSorted(byId),
  };
  return { ...content, hash: createHash("sha256").update(canonicalJson(content)).digest("hex") };
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}

/** JSON with the keys of every object in order, so that the hash depends on what is said and not on how it was built. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
