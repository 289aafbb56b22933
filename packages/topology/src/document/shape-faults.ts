import type { z } from "zod";
import type { FaultCollector, FaultText } from "../fault.ts";
import { nearest } from "../nearest.ts";
import type { Place } from "../place.ts";
import { topologyJsonSchema } from "./schema.ts";
import type { SourceNode } from "./source-tree.ts";

type Issue = z.core.$ZodIssue;
type JsonSchema = z.core.JSONSchema.BaseSchema;
type Path = readonly PropertyKey[];

/** Says every issue of the schema with its place, in the words of the format and with what to write instead. */
export function reportShape(tree: SourceNode, issues: readonly Issue[], collector: FaultCollector): void {
  const context = { tree, schema: topologyJsonSchema() };
  const misspelt = new Set(issues.flatMap((issue) => misspeltPaths(issue, context)));
  for (const issue of issues) {
    for (const { place, text } of describe(issue, context)) {
      if (text.code !== "missing-key" || !misspelt.has(text.path)) {
        collector.fault(place, text); // a misspelt key is one fault, not also a missing one
      }
    }
  }
}

interface Context {
  readonly tree: SourceNode;
  readonly schema: JsonSchema;
}

interface PlacedFault {
  readonly place: Place;
  readonly text: FaultText;
}

function describe(issue: Issue, context: Context): readonly PlacedFault[] {
  const node = nodeAt(context.tree, issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(key, issue.path, context));
  }
  if (node === undefined) {
    return [missingKey(issue.path, context)];
  }
  const at = (text: Omit<FaultText, "path">): readonly PlacedFault[] => [
    { place: node.place, text: { ...text, path: node.path } },
  ];
  const name = nameOf(issue.path);
  switch (issue.code) {
    case "invalid_type": {
      return at(wrongType(name, issue.expected, node));
    }
    case "invalid_union": {
      return at(invalidSecret(node));
    }
    case "invalid_value": {
      const values = issue.values.map(String);
      const meant = typeof node.plain === "string" ? nearest(node.plain, values) : undefined;
      const message = `${name} cannot be ${shown(node.plain)}`;
      const advice = meant === undefined ? `write one of ${values.join(", ")}` : `did you mean ${meant}?`;
      return at({ code: "invalid-value", message, advice });
    }
    case "too_small":
    case "too_big": {
      return at(outOfRange(name, node, boundsOf(schemaAt(context.schema, issue.path))));
    }
    case "invalid_format": {
      const code = name === "federation" ? "invalid-id" : "invalid-value";
      const advice =
        name === "federation" ? "write a name such as acme" : exampleAdvice(schemaAt(context.schema, issue.path));
      return at({ code, message: `${name} ${issue.message}`, advice });
    }
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
    case "custom": {
      return at({ code: "invalid-value", message: `${name}: ${issue.message}`, advice: "see topology/README.md" });
    }
  }
}

/** The last key, with the place in its list: `numbers[0]`. */
function nameOf(path: Path): string {
  const last = path.findLastIndex((part) => typeof part === "string");
  return last < 0 ? "the file" : joined(path.slice(last));
}

function unknownKey(key: string, path: Path, { tree, schema }: Context): PlacedFault {
  const parent = nodeAt(tree, path);
  const known = Object.keys(schemaAt(schema, path)?.properties ?? {});
  const meant = meantKey(key, path, { tree, schema });
  const taken = nearest(key, known);
  const advice =
    meant !== undefined
      ? `did you mean ${meant}?`
      : taken !== undefined
        ? `${taken} stands here already: put it there`
        : `the keys here are ${known.join(", ")}`;
  return {
    place: parent?.entries.get(key)?.keyPlace ?? parent?.place ?? tree.place,
    text: { code: "unknown-key", path: joined([...path, key]), message: `${key} is not a key here`, advice },
  };
}

/** The key that a misspelt one stands for, if it is not there as well. */
function meantKey(key: string, path: Path, { tree, schema }: Context): string | undefined {
  const parent = nodeAt(tree, path);
  const known = Object.keys(schemaAt(schema, path)?.properties ?? {});
  return nearest(
    key,
    known.filter((name) => parent?.entries.has(name) !== true),
  );
}

function misspeltPaths(issue: Issue, context: Context): readonly string[] {
  if (issue.code !== "unrecognized_keys") {
    return [];
  }
  const meant = issue.keys.flatMap((key) => meantKey(key, issue.path, context) ?? []);
  return meant.map((key) => joined([...issue.path, key]));
}

function missingKey(path: Path, { tree, schema }: Context): PlacedFault {
  const parent = nodeAt(tree, path.slice(0, -1));
  const key = String(path.at(-1));
  const where = parent === undefined || parent.path === "" ? "the file" : parent.path;
  const example = exampleOf(schemaAt(schema, path));
  const advice = example === undefined ? `add ${key}` : `add ${key}: ${example}`;
  return {
    place: parent?.keyPlace ?? tree.place,
    text: { code: "missing-key", path: joined(path), message: `${where} has no ${key}`, advice },
  };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  object: "a mapping (key: value)",
  record: "a mapping (key: value)",
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
};

function wrongType(name: string, expected: string, { plain }: SourceNode): Omit<FaultText, "path"> {
  const wanted = TYPE_NAMES[expected] ?? expected;
  const message = `${name} must be ${wanted}, not ${typeName(plain)}`;
  const code = "wrong-type";
  if (plain === null) {
    return { code, message, advice: "write a value, or leave the key out" };
  }
  if (expected === "string" && ["number", "boolean", "bigint"].includes(typeof plain)) {
    return { code, message, advice: `put it in quotes: "${shown(plain)}"` };
  }
  if ((expected === "int" || expected === "number") && typeof plain === "string" && /^[0-9]+$/.test(plain)) {
    return { code, message, advice: `write it without quotes: ${plain}` };
  }
  if (expected === "array" && typeof plain === "string") {
    return { code, message, advice: `put it in brackets: ["${plain.slice(0, 40)}"]` };
  }
  return { code, message, advice: `write ${wanted}` };
}

function typeName(plain: unknown): string {
  if (plain === null || plain === undefined) {
    return "empty";
  }
  if (Array.isArray(plain)) {
    return "a list";
  }
  if (typeof plain === "object") {
    return "a mapping";
  }
  return typeof plain === "string" ? `the text ${shown(plain)}` : shown(plain);
}

function invalidSecret({ plain, entries }: SourceNode): Omit<FaultText, "path"> {
  const keys = [...entries.keys()];
  const meant = keys.length === 1 ? nearest(keys[0] ?? "", ["env", "file"]) : undefined;
  const forms = "write { env: NAME }, { file: PATH } or, for a demo, a text in quotes";
  if (typeof plain === "string") {
    return { code: "invalid-secret", message: "the secret is empty", advice: forms };
  }
  if (typeof plain === "number") {
    const message = "the secret must be a text, not a number";
    return { code: "invalid-secret", message, advice: "put it in quotes, or better: { env: NAME }" };
  }
  // a key without a value may be the secret itself, in braces
  const isNamed = keys.length > 0 && [...entries.values()].every((entry) => entry.plain !== null);
  const named = !isNamed ? "this" : `a mapping with ${keys.slice(0, 4).join(", ")}`;
  const advice = meant === undefined || keys[0] === meant ? forms : `did you mean { ${meant}: … }?`;
  return { code: "invalid-secret", message: `${named} is not a secret`, advice };
}

interface Bounds {
  readonly low: number | undefined;
  readonly high: number | undefined;
}

function boundsOf(schema: JsonSchema | undefined): Bounds {
  return {
    low: schema?.minimum ?? schema?.minItems ?? schema?.minLength,
    high: schema?.maximum ?? schema?.maxItems ?? schema?.maxLength,
  };
}

function outOfRange(name: string, { plain }: SourceNode, { low, high }: Bounds): Omit<FaultText, "path"> {
  const code = "invalid-value";
  if (Array.isArray(plain)) {
    return { code, message: `${name} is an empty list`, advice: "write at least one, or leave the key out" };
  }
  if (typeof plain === "string") {
    const message = plain === "" ? `${name} is empty` : `${name} has ${plain.length} characters`;
    return { code, message, advice: high === undefined ? "write something" : `write 1 to ${high} characters` };
  }
  return { code, message: `${name} cannot be ${shown(plain)}`, advice: `write a number from ${low} to ${high}` };
}

function exampleAdvice(schema: JsonSchema | undefined): string {
  const example = exampleOf(schema);
  return example === undefined ? "see topology/README.md" : `write something like ${example}`;
}

function exampleOf(schema: JsonSchema | undefined): string | undefined {
  const example = schema?.examples?.[0];
  return typeof example === "string" ? example : undefined;
}

/** A value as it may appear in a message: short, on one line. */
function shown(plain: unknown): string {
  const isText = typeof plain === "string" || typeof plain === "number"; // JSON has no NaN and no Infinity
  const text = isText ? String(plain) : (JSON.stringify(plain) ?? "nothing");
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return short.replaceAll(/\p{Cc}/gu, "�");
}

function joined(path: Path): string {
  let text = "";
  for (const part of path) {
    text += typeof part === "number" ? `[${part}]` : `${text === "" ? "" : "."}${String(part)}`;
  }
  return text;
}

function nodeAt(tree: SourceNode, path: Path): SourceNode | undefined {
  let node: SourceNode | undefined = tree;
  for (const part of path) {
    node = typeof part === "number" ? node?.items[part] : node?.entries.get(String(part));
  }
  return node;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function schemaAt(schema: JsonSchema, path: Path): JsonSchema | undefined {
  let current: JsonSchema | undefined = schema;
  for (const part of path) {
    const next: unknown =
      typeof part === "number"
        ? current?.items
        : (current?.properties?.[String(part)] ?? current?.additionalProperties);
    current = isSchema(next) ? next : undefined;
  }
  return current;
}
