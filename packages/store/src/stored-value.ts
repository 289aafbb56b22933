import type { z } from "zod";
import { StoreError } from "./errors.ts";

/** Reads a value that was stored as JSON. Throws `STORE_CORRUPT` with the key, never with the value. */
export function parseStored<Schema extends z.ZodType>(schema: Schema, text: string, key: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StoreError("STORE_CORRUPT", { key, reason: "not JSON" }); // V8 quotes the text in its message
  }
  return checkStored(schema, value, key);
}

/** Checks a value that was read, such as the reply of a script. Throws `STORE_CORRUPT`. */
export function checkStored<Schema extends z.ZodType>(schema: Schema, value: unknown, key: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.code}`);
    throw new StoreError("STORE_CORRUPT", { key, faults });
  }
  return parsed.data;
}
