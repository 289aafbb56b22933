import { referenceKey } from "./checks/check-trunks.ts";
import { isWeak, unusable, weakness } from "./checks/check-secrets.ts";
import { TopologyError } from "./errors.ts";
import { FaultCollector } from "./fault.ts";
import type { Fault } from "./fault.ts";
import { formatPlace } from "./place.ts";
import type { SecretReference, Topology } from "./topology.ts";

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Given an absolute path; rejects for a file that cannot be read. */
  readonly readFile: (file: string) => Promise<string>;
  /** Only the secrets that this hub or branch needs. Default: those of all nodes. */
  readonly node?: string;
}

export type ResolvedSecrets =
  | { readonly kind: "resolved"; readonly secrets: Secrets; readonly warnings: readonly Fault[] }
  | { readonly kind: "faulty"; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/** Passwords in clear, by reference. Logged or serialised, it shows nothing. */
export class Secrets {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Throws SECRET_NOT_RESOLVED when the secret was not among those that were asked for. */
  valueOf(reference: SecretReference): string {
    const value = reference.kind === "plain" ? reference.value : this.#values.get(referenceKey(reference));
    if (value === undefined) {
      throw new TopologyError("SECRET_NOT_RESOLVED", { path: reference.path, ...reference.place });
    }
    return value;
  }
}

/** Looks up the passwords that the topology refers to. Every one that is missing is a fault with the line that names it. */
export async function resolveSecrets(topology: Topology, sources: SecretSources): Promise<ResolvedSecrets> {
  const collector = new FaultCollector();
  const values = new Map<string, string>();
  const trunks = new Map<string, ProtectedSecret>();
  for (const needed of secretsOf(topology, sources.node)) {
    const value = await readSecret(needed, sources, collector);
    if (value === undefined) {
      continue;
    }
    values.set(referenceKey(needed.reference), value);
    if (needed.isTrunk) {
      warnIfShared({ needed, value, trunks }, collector);
    }
  }
  const { faults, warnings } = collector;
  return faults.length > 0
    ? { kind: "faulty", faults, warnings }
    : { kind: "resolved", secrets: new Secrets(values), warnings };
}

interface ProtectedSecret {
  readonly reference: SecretReference;
  /** What it protects: a branch id, an extension or a carrier line. */
  readonly name: string;
  readonly isTrunk: boolean;
}

/** A hub needs the secrets of the trunks that come to it, a branch that of its trunk and those of its phones and carrier lines. */
export function secretsOf(topology: Topology, node?: string): readonly ProtectedSecret[] {
  return topology.branches.flatMap(({ id, trunk, extensions, carrier }) => {
    const atHub = trunk.hubs.some((hub) => hub === node);
    const own = node === undefined || id === node;
    const trunkSecret = { reference: trunk.secret, name: id, isTrunk: true };
    const phones = extensions.map(({ low, high, secret }) => ({
      reference: secret,
      name: low === high ? low : `${low}-${high}`,
      isTrunk: false,
    }));
    const lines = (carrier?.lines ?? []).flatMap(({ id: line, account }) =>
      account === undefined ? [] : [{ reference: account.secret, name: line, isTrunk: false }],
    );
    return [...(own || atHub ? [trunkSecret] : []), ...(own ? [...phones, ...lines] : [])];
  });
}

/** The files that hold secrets of a node (of all nodes, when absent), absolute, each once. */
export function secretFilesOf(topology: Topology, node?: string): readonly string[] {
  const files = secretsOf(topology, node).flatMap(({ reference }) => (reference.kind === "file" ? reference.file : []));
  return [...new Set(files)];
}

async function readSecret(
  { reference, name }: ProtectedSecret,
  sources: SecretSources,
  collector: FaultCollector,
): Promise<string | undefined> {
  const { path, place } = reference;
  if (reference.kind === "plain") {
    return reference.value; // checked with the file
  }
  const found = await lookUp(reference, sources);
  if (found.kind === "missing") {
    const { message, advice } = found;
    collector.fault(place, { code: "unresolvable-secret", path, message, advice });
    return undefined;
  }
  const problem = unusable(found.value);
  if (problem !== undefined) {
    const message = `the secret of ${name} ${problem}`;
    collector.fault(place, { code: "invalid-secret", path, message, advice: "store one line of printable characters" });
    return undefined;
  }
  if (isWeak(found.value, name)) {
    collector.warn(place, { code: "weak-secret", path, ...weakness(name) });
  }
  return found.value;
}

type Found =
  | { readonly kind: "found"; readonly value: string }
  | { readonly kind: "missing"; readonly message: string; readonly advice: string };

async function lookUp(
  reference: Extract<SecretReference, { kind: "env" | "file" }>,
  { env, readFile }: SecretSources,
): Promise<Found> {
  if (reference.kind === "env") {
    const value = env[reference.name];
    const state = value === undefined ? "not set" : "empty";
    return value !== undefined && value !== ""
      ? { kind: "found", value }
      : {
          kind: "missing",
          message: `the environment variable ${reference.name} is ${state}`,
          advice: `set ${reference.name} before the start`,
        };
  }
  const { file } = reference;
  try {
    const value = (await readFile(file)).replace(/\r?\n$/, "");
    return value === ""
      ? { kind: "missing", message: `the secret file ${file} is empty`, advice: "write the secret into it" }
      : { kind: "found", value };
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    const message = `the secret file ${file} cannot be read${reason}`;
    return { kind: "missing", message, advice: "create it, and let the user of this process read it" };
  }
}

interface SharedCheck {
  readonly needed: ProtectedSecret;
  readonly value: string;
  readonly trunks: Map<string, ProtectedSecret>;
}

/** The same text behind two references; two equal references are found without the values. */
function warnIfShared({ needed, value, trunks }: SharedCheck, collector: FaultCollector): void {
  const earlier = trunks.get(value);
  if (earlier === undefined) {
    trunks.set(value, needed);
    return;
  }
  const { path, place } = needed.reference;
  if (referenceKey(earlier.reference) !== referenceKey(needed.reference)) {
    collector.warn(place, {
      code: "shared-secret",
      path,
      message: `the trunks of ${needed.name} and ${earlier.name} (${formatPlace(earlier.reference.place)}) have one secret`,
      advice: "give each trunk its own",
      other: earlier.reference.place,
    });
  }
}
