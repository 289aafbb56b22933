import { readFile } from "node:fs/promises";
import type { NodeId } from "@mss/model";
import { isWeak, unusable, weakness } from "./checks/check-secrets.ts";
import { referenceKey } from "./checks/check-trunks.ts";
import { FaultCollector } from "./fault.ts";
import type { Fault } from "./fault.ts";
import { formatPlace } from "./place.ts";
import type { SecretReference, Topology } from "./topology.ts";

/** The passwords behind the references of a topology. */
export interface Secrets {
  /** Of a reference that was resolved. Throws for one that was not: it belongs to another node. */
  valueOf(reference: SecretReference): string;
}

export type ResolvedSecrets =
  | { readonly kind: "ok"; readonly secrets: Secrets; readonly warnings: readonly Fault[] }
  | { readonly kind: "faulty"; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

export interface ResolveOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Only what this node needs; everything when absent. */
  readonly node?: NodeId;
}

interface NeededSecret {
  readonly reference: SecretReference;
  /** What it protects: an extension number, a branch id. */
  readonly protectedName: string;
}

/** Looks up what a node needs to know: a hub the secrets of its trunks, a branch those of its trunk and its extensions. */
export async function resolveSecrets(topology: Topology, options: ResolveOptions): Promise<ResolvedSecrets> {
  const collector = new FaultCollector();
  const values = new Map<string, string>();
  for (const { reference, protectedName } of neededSecrets(topology, options.node)) {
    const key = referenceKey(reference);
    const value = values.get(key) ?? (await readSecret(reference, options.environment, collector));
    if (value === undefined) {
      continue;
    }
    values.set(key, value);
    checkValue({ reference, protectedName }, value, collector);
  }
  const { faults, warnings } = collector;
  return faults.length > 0
    ? { kind: "faulty", faults, warnings }
    : { kind: "ok", secrets: { valueOf: (reference) => valueIn(values, reference) }, warnings };
}

function valueIn(values: ReadonlyMap<string, string>, reference: SecretReference): string {
  const value = values.get(referenceKey(reference));
  if (value === undefined) {
    throw new TypeError(`the secret at ${formatPlace(reference.place)} was not resolved for this node`);
  }
  return value;
}

function neededSecrets(topology: Topology, node: NodeId | undefined): readonly NeededSecret[] {
  return topology.branches.flatMap(({ id, trunk, extensions }) => {
    const ofTrunk: NeededSecret = { reference: trunk.secret, protectedName: id };
    const isHubOfTrunk = trunk.hubs.some((hub) => hub === node);
    if (node !== undefined && node !== id) {
      return isHubOfTrunk ? [ofTrunk] : [];
    }
    const ofExtensions = extensions.map(({ low, high, secret }) => ({
      reference: secret,
      protectedName: low === high ? low : `${low}-${high}`,
    }));
    return [ofTrunk, ...ofExtensions];
  });
}

async function readSecret(
  reference: SecretReference,
  environment: ResolveOptions["environment"],
  collector: FaultCollector,
): Promise<string | undefined> {
  const { place, path } = reference;
  const missing = (message: string, advice: string): undefined => {
    collector.fault(place, { code: "unresolvable-secret", path, message, advice });
    return undefined;
  };
  switch (reference.kind) {
    case "plain": {
      return reference.value;
    }
    case "env": {
      const value = environment[reference.name] ?? "";
      const message = `the environment variable ${reference.name} is not set`;
      return value === "" ? missing(message, `set ${reference.name} to the password`) : value;
    }
    case "file": {
      try {
        const value = (await readFile(reference.file, "utf8")).replace(/\r?\n$/, "");
        return value === "" ? missing(`${reference.file} is empty`, "write the password into it") : value;
      } catch (error) {
        const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
        return missing(`${reference.file} cannot be read (${reason})`, "create it with the password in one line");
      }
    }
  }
}

/** Secrets in the file itself were looked at when it was checked. */
function checkValue({ reference, protectedName }: NeededSecret, value: string, collector: FaultCollector): void {
  if (reference.kind === "plain") {
    return;
  }
  const { place, path } = reference;
  const problem = unusable(value);
  if (problem !== undefined) {
    const message = `the secret of ${protectedName} ${problem}`;
    collector.fault(place, { code: "invalid-secret", path, message, advice: "write one line of printable characters" });
  } else if (isWeak(value, protectedName)) {
    collector.warn(place, { code: "weak-secret", path, ...weakness(protectedName) });
  }
}
