/** A mapping of a document: what the schema has let pass, as it is written. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Empty for what is no mapping. */
export function mappingOf(value: unknown): Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** `documents[…].section.id`, in whichever file it stands. */
export function sectionEntry(documents: readonly { readonly plain: unknown }[], section: string, id: string): Mapping {
  for (const { plain } of documents) {
    const entries = mappingOf(mappingOf(plain)[section]);
    if (Object.hasOwn(entries, id)) {
      return mappingOf(entries[id]);
    }
  }
  return {};
}

/** Those of the keys that are there. */
export function pick(mapping: Mapping, keys: readonly string[]): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => keys.includes(key)));
}

export function omit(mapping: Mapping, keys: readonly string[]): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => !keys.includes(key)));
}
