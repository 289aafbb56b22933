import { createHash } from "node:crypto";
import { formatPattern } from "@mss/dial-plan";
import type { Snapshot, SnapshotBranch } from "@mss/model";
import type { Topology, TopologyBranch } from "./topology.ts";

const STANDARD_TIME_ZONE = "UTC";

/** Each branch's part is made from the whole: two thousand branches must not make it two thousand times. */
const made = new WeakMap<Topology, Snapshot>();

/**
 * What every node may know: no secrets, no extensions, no local settings. Nodes are in order of their ids and numbers
 * in their shortest notation, so that a file written in another order has the same hash.
 */
export function toSnapshot(topology: Topology): Snapshot {
  const snapshot = made.get(topology) ?? makeSnapshot(topology);
  made.set(topology, snapshot);
  return snapshot;
}

function makeSnapshot(topology: Topology): Snapshot {
  const { calendars, routes, blocked } = topology.rules;
  const contents = {
    federation: topology.federation,
    hubs: topology.hubs
      .map(({ id, listen, external }) => ({ id, listen, ...(external === undefined ? {} : { external }) }))
      .toSorted(byId),
    branches: topology.branches
      .map(({ trunk: { hubs, maxCalls, callRate }, ...branch }) => ({
        id: branch.id,
        name: branch.name,
        numbers: [...new Set(branch.numbers.map(formatPattern))].toSorted(),
        ...(branch.siteCode === undefined ? {} : { siteCode: branch.siteCode }),
        ...(branch.timeZone === STANDARD_TIME_ZONE ? {} : { timeZone: branch.timeZone }),
        ...(branch.emergency === undefined ? {} : { emergency: branch.emergency.numbers.toSorted() }),
        hubs,
        ...(maxCalls === undefined ? {} : { maxCalls }),
        ...(callRate === undefined ? {} : { callRate }),
        ...(branch.direct ? { direct: true as const } : {}),
        ...carrierPart(branch),
      }))
      .toSorted(byId),
    ...(calendars.length === 0 ? {} : { calendars }),
    ...(routes.length === 0 ? {} : { routes }),
    ...(blocked.length === 0 ? {} : { blocked }),
  };
  return hashedSnapshot(contents);
}

/** The names of the lines alone: where they lead, and by which account, concerns the branch and nobody else. */
function carrierPart({
  carrier,
  publicNumbers,
}: Pick<TopologyBranch, "carrier" | "publicNumbers">): Pick<
  SnapshotBranch,
  "outside" | "carrierLines" | "overflow" | "publicNumbers"
> {
  const lines =
    carrier === undefined
      ? {}
      : {
          outside: carrier.outside,
          carrierLines: carrier.lines.map(({ id }) => id),
          ...(carrier.overflow.length === 0 ? {} : { overflow: carrier.overflow }),
        };
  return { ...lines, ...(publicNumbers.length === 0 ? {} : { publicNumbers }) };
}

/** A snapshot of these contents, which are taken as they are. */
export function hashedSnapshot(contents: Omit<Snapshot, "hash">): Snapshot {
  return { ...contents, hash: createHash("sha256").update(snapshotText(contents)).digest("hex") };
}

/** The text that is hashed, stored and sent. */
export function snapshotText(contents: Omit<Snapshot, "hash">): string {
  return canonicalJson(contents);
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}

/** JSON without white space and with the keys of every object in order (RFC 8785 for texts and whole numbers). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
