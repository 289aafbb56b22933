import { createHash } from "node:crypto";
import type { CopyStore } from "@mss/model";
import { StoreError } from "../errors.ts";
import type { SqliteFile } from "./sqlite-file.ts";

const SELECT = "SELECT digest, document FROM copies WHERE name = ?";
const UPSERT = `
  INSERT INTO copies (name, digest, document) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, document = excluded.document`;

/** One document in the branch's file, by a name. A row that was changed by something else is `STORE_CORRUPT`. */
export class SqliteCopyStore implements CopyStore {
  readonly #file: SqliteFile;
  readonly #name: string;

  constructor(file: SqliteFile, name: string) {
    this.#file = file;
    this.#name = name;
  }

  async load(): Promise<unknown> {
    const row = this.#file.all(SELECT, this.#name)[0];
    if (row === undefined) {
      return undefined;
    }
    const text = String(row["document"]);
    if (digestOf(text) !== row["digest"]) {
      throw new StoreError("STORE_CORRUPT", { key: `copies/${this.#name}`, reason: "changed by something else" });
    }
    const value: unknown = JSON.parse(text);
    return value;
  }

  async save(value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    this.#file.run(UPSERT, this.#name, digestOf(text), text);
    this.#file.all("PRAGMA wal_checkpoint(PASSIVE)"); // brings it to the disk, which a commit alone does not
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
