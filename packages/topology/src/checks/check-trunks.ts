import type { NodeFacts } from "../document/facts.ts";
import type { FaultCollector } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { formatPlace } from "../place.ts";
import type { SecretReference } from "../topology.ts";

interface TrunkCheck {
  readonly hubs: readonly NodeFacts[];
  readonly branches: readonly NodeFacts[];
  /** False: a hub may be in a file that could not be read. */
  readonly isComplete: boolean;
}

/** Trunks lead to hubs that exist, and each has a secret of its own. */
export function checkTrunks({ hubs, branches, isComplete }: TrunkCheck, collector: FaultCollector): void {
  const hubIds = hubs.map(({ id }) => id);
  if (isComplete) {
    for (const branch of branches) {
      checkHubs(branch, hubIds, collector);
    }
  }
  checkSharedSecrets(branches, collector);
  checkCommonHubs(branches, hubIds, collector);
}

function checkHubs(branch: NodeFacts, hubIds: readonly string[], collector: FaultCollector): void {
  const seen = new Set<string>();
  for (const { value, place, path } of branch.trunkHubs) {
    if (!hubIds.includes(value)) {
      const meant = nearest(value, hubIds);
      const message = `the trunk of ${branch.id} leads to ${value}, which is no hub`;
      const known = hubIds.length === 0 ? "describe the hub under hubs" : `the hubs are ${hubIds.join(", ")}`;
      const advice = meant === undefined ? known : `did you mean ${meant}?`;
      collector.fault(place, { code: "unknown-hub", path, message, advice });
    } else if (seen.has(value)) {
      const message = `the trunk of ${branch.id} names ${value} twice`;
      collector.fault(place, { code: "hub-twice", path, message, advice: "leave one of the two out" });
    }
    seen.add(value);
  }
}

function checkSharedSecrets(branches: readonly NodeFacts[], collector: FaultCollector): void {
  const seen = new Map<string, { readonly branch: string; readonly secret: SecretReference }>();
  for (const { id, trunkSecret: secret } of branches) {
    if (secret === undefined) {
      continue;
    }
    const key = referenceKey(secret);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, { branch: id, secret });
      continue;
    }
    const text = {
      code: "shared-secret",
      path: secret.path,
      message: `the trunks of ${id} and ${earlier.branch} (${formatPlace(earlier.secret.place)}) have one secret`,
      advice: "give each trunk its own, or who breaks into one branch can call as the other",
      other: earlier.secret.place,
    } as const;
    if (secret.kind === "plain") {
      collector.fault(secret.place, text);
    } else {
      collector.warn(secret.place, text);
    }
  }
  for (const branch of branches) {
    checkLineSecrets(branch, seen, collector);
  }
}

/** A carrier must not have what opens a trunk. Two accounts at one carrier may well have one password. */
function checkLineSecrets(
  { lineSecrets }: NodeFacts,
  trunks: ReadonlyMap<string, { readonly branch: string; readonly secret: SecretReference }>,
  collector: FaultCollector,
): void {
  for (const { line, secret } of lineSecrets) {
    const trunk = trunks.get(referenceKey(secret));
    if (trunk !== undefined) {
      const text = {
        code: "shared-secret",
        path: secret.path,
        message: `carrier line ${line} and the trunk of ${trunk.branch} (${formatPlace(trunk.secret.place)}) have one secret`,
        advice: "give each its own, or the carrier can call as the branch",
        other: trunk.secret.place,
      } as const;
      if (secret.kind === "plain") {
        collector.fault(secret.place, text);
      } else {
        collector.warn(secret.place, text);
      }
    }
  }
}

/** Equal for two references to the same thing. */
export function referenceKey(secret: SecretReference): string {
  switch (secret.kind) {
    case "plain": {
      return `plain ${secret.value}`;
    }
    case "env": {
      return `env ${secret.name}`;
    }
    case "file": {
      return `file ${secret.file}`;
    }
  }
}

/** A branch without a list of hubs goes to all of them, and so shares one with everybody. One pair a branch is named. */
function checkCommonHubs(branches: readonly NodeFacts[], hubIds: readonly string[], collector: FaultCollector): void {
  const choosy = branches.filter(({ trunkHubs }) => trunkHubs.length > 0 && trunkHubs.length < hubIds.length);
  for (const [position, branch] of choosy.entries()) {
    const own = new Set(branch.trunkHubs.map(({ value }) => value));
    const other = choosy.slice(0, position).find(({ trunkHubs }) => !trunkHubs.some(({ value }) => own.has(value)));
    const here = branch.trunkHubs[0];
    const there = other?.trunkHubs[0];
    if (other !== undefined && here !== undefined && there !== undefined) {
      collector.warn(here.place, {
        code: "no-common-hub",
        path: branch.node.path,
        message: `${branch.id} and ${other.id} (${formatPlace(there.place)}) have no hub in common and cannot call each other`,
        advice: "add a hub to one of the two trunks",
        other: there.place,
      });
    }
  }
}
