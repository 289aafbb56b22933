import type { topologyJsonSchema } from "@mss/topology";

type Schema = ReturnType<typeof topologyJsonSchema>;

/** One row of the table of keys: path, type, default, meaning. */
export type KeyRow = readonly [key: string, type: string, standard: string, meaning: string];

/** Every key of the format, from its JSON Schema. `ID` and `NUMBER` stand for what the administrator chooses. */
export function keyRows(schema: Schema, path = ""): readonly KeyRow[] {
  const chosen = schema.additionalProperties;
  if (typeof chosen === "object") {
    return rowsOf(`${path}${path.endsWith("extensions.") ? "NUMBER" : "ID"}`, chosen, "");
  }
  return Object.entries(schema.properties ?? {}).flatMap(([key, below]) =>
    typeof below === "boolean" ? [] : rowsOf(`${path}${key}`, below, standardOf(below, schema.required ?? [], key)),
  );
}

function rowsOf(path: string, schema: Schema, standard: string): readonly KeyRow[] {
  const row: KeyRow = [`\`${path}\``, typeOf(schema), standard, schema.description ?? ""];
  const items =
    typeof schema.items === "object" && !Array.isArray(schema.items) ? keyRows(schema.items, `${path}[].`) : [];
  return [row, ...keyRows(schema, `${path}.`), ...items];
}

function standardOf(schema: Schema, required: readonly string[], key: string): string {
  const value: unknown = schema.default;
  if (value === undefined) {
    return required.includes(key) ? "required" : "none";
  }
  if (typeof value === "object") {
    return Array.isArray(value) ? `\`[${value.join(", ")}]\`` : "empty";
  }
  return `\`${JSON.stringify(value).replaceAll('"', "")}\``;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "mapping",
  array: "list",
  boolean: "true or false",
  string: "text",
  integer: "number",
};

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  }
  if (schema.anyOf !== undefined) {
    return "secret";
  }
  const limits = schema.minimum === undefined ? "" : ` ${schema.minimum} to ${schema.maximum}`;
  const items = typeof schema.items === "object" && !Array.isArray(schema.items) ? ` of ${typeOf(schema.items)}` : "";
  return `${TYPE_NAMES[String(schema.type)] ?? String(schema.type)}${limits}${items}`;
}
