import path from "node:path";
import { referenceKey } from "../checks/check-trunks.ts";
import type { SecretReference } from "../topology.ts";

/** A password that a node needs, under the name that its own file gives it. */
export interface NodeSecret {
  /** Name of an environment variable, and of the credential that stands for it. */
  readonly name: string;
  readonly reference: SecretReference;
  /** What it protects, for people: `the trunk of hk`, `1002-1010`. */
  readonly of: string;
}

/**
 * Names for passwords, one for each place where a password is kept: a variable keeps its name, a file gives its own, one
 * in clear is named after what it protects.
 */
export class SecretNames {
  readonly #byReference = new Map<string, NodeSecret>();
  readonly #taken = new Set<string>();

  /** What a document writes in the place of the password. */
  refer(
    reference: SecretReference,
    { owner, what }: { readonly owner: string; readonly what: string },
  ): { readonly env: string } {
    const key = referenceKey(reference);
    const known = this.#byReference.get(key);
    if (known !== undefined) {
      return { env: known.name };
    }
    const name = this.#unused(nameOf(reference, `${owner}-${what}-secret`));
    this.#byReference.set(key, { name, reference, of: what === "trunk" ? `the trunk of ${owner}` : what });
    return { env: name };
  }

  all(): readonly NodeSecret[] {
    return [...this.#byReference.values()];
  }

  #unused(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count += 1) {
      name = `${wanted}_${count}`;
    }
    this.#taken.add(name);
    return name;
  }
}

function nameOf(reference: SecretReference, otherwise: string): string {
  switch (reference.kind) {
    case "env": {
      return reference.name;
    }
    case "file": {
      return variableName(path.basename(reference.file));
    }
    case "plain": {
      return variableName(otherwise);
    }
  }
}

export function variableName(text: string): string {
  const name = text.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
