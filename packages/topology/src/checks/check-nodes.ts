import type { NodeFacts } from "../document/facts.ts";
import { DEFAULT_MAX_EXPIRES_SECONDS, DEFAULT_MIN_EXPIRES_SECONDS } from "../document/schema.ts";
import type { SourceNode } from "../document/source-tree.ts";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";

/** Hubs and branches share one name space over all files; each node's own settings agree with each other. */
export function checkNodes(nodes: readonly NodeFacts[], collector: FaultCollector): void {
  const known = new Map<string, NodeFacts>();
  for (const node of nodes) {
    const earlier = known.get(node.id);
    if (earlier === undefined) {
      known.set(node.id, node);
      continue;
    }
    collector.fault(node.node.keyPlace, {
      code: "duplicate-id",
      path: node.node.path,
      message: `${node.id} is already a ${earlier.role} (${formatPlace(earlier.node.keyPlace)})`,
      advice: "hubs and branches share one name space: take another name",
      other: earlier.node.keyPlace,
    });
  }
  for (const { entries } of nodes.map(({ node }) => node)) {
    checkRegistration(entries.get("registration"), collector);
  }
}

/** At least one hub and one branch. Only when all files could be read. */
export function checkPresence(
  nodes: readonly NodeFacts[],
  trees: readonly SourceNode[],
  collector: FaultCollector,
): void {
  for (const role of ["hub", "branch"] as const) {
    const section = role === "hub" ? "hubs" : "branches";
    const tree = trees.find(({ entries }) => entries.has(section)) ?? trees[0];
    if (tree !== undefined && !nodes.some((node) => node.role === role)) {
      const place = tree.entries.get(section)?.keyPlace ?? tree.place;
      const example =
        role === "hub"
          ? "hubs: { hub-1: { sip: { listen: [udp://192.0.2.1:5060] } } }"
          : 'branches: { hk: { numbers: ["1xxx"], … } }';
      const message = `there is no ${role}`;
      collector.fault(place, { code: `no-${role}`, path: section, message, advice: `describe one: ${example}` });
    }
  }
}

function checkRegistration(registration: SourceNode | undefined, collector: FaultCollector): void {
  if (registration === undefined) {
    return;
  }
  const seconds = (key: string): number | undefined => {
    const value = registration.entries.get(key)?.plain;
    return typeof value === "number" ? value : undefined;
  };
  const low = seconds("minExpiresSeconds") ?? DEFAULT_MIN_EXPIRES_SECONDS;
  const high = seconds("maxExpiresSeconds") ?? DEFAULT_MAX_EXPIRES_SECONDS;
  const standard = seconds("defaultExpiresSeconds");
  const { path } = registration;
  const code = "registration-bounds";
  if (low > high) {
    const message = `minExpiresSeconds (${low}) is above maxExpiresSeconds (${high})`;
    collector.fault(registration.keyPlace, { code, path, message, advice: "make it the smaller of the two" });
  } else if (standard !== undefined && (standard < low || standard > high)) {
    const place = registration.entries.get("defaultExpiresSeconds")?.place ?? registration.keyPlace;
    const message = `defaultExpiresSeconds (${standard}) is not between ${low} and ${high}`;
    collector.fault(place, { code, path, message, advice: `write ${low} to ${high}` });
  }
}

/** All files speak of one federation. */
export function checkFederation(trees: readonly SourceNode[], collector: FaultCollector): void {
  const names = trees
    .flatMap(({ entries }) => entries.get("federation") ?? [])
    .filter(({ plain }) => typeof plain === "string");
  const first = names[0];
  for (const name of names.slice(1)) {
    if (first !== undefined && name.plain !== first.plain) {
      collector.fault(name.place, {
        code: "federation-differs",
        path: name.path,
        message: `this file is of federation ${String(name.plain)}, ${formatPlace(first.place)} of ${String(first.plain)}`,
        advice: "load the files of one federation together",
        other: first.place,
      });
    }
  }
}
