import { callRecordSchema } from "@mss/model";
import type { CallRecord, CallRecordStore } from "@mss/model";
import { KEPT_CALL_RECORDS } from "../limits.ts";
import { parseStored } from "../stored-value.ts";
import type { SqliteFile } from "./sqlite-file.ts";

const INSERT = "INSERT INTO call_records (id, record) VALUES (?, ?) ON CONFLICT (id) DO NOTHING";
const TRIM = "DELETE FROM call_records WHERE position <= (SELECT max(position) FROM call_records) - ?";

/** Call records on the branch's own disk, the newest 100,000 of them. */
export class SqliteCallRecordStore implements CallRecordStore {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async append(record: CallRecord): Promise<void> {
    this.#file.transaction("appendCallRecord", () => {
      if (this.#file.run(INSERT, record.id, JSON.stringify(record)) > 0) {
        this.#file.run(TRIM, KEPT_CALL_RECORDS);
      }
    });
  }

  async latest(limit: number): Promise<readonly CallRecord[]> {
    if (limit <= 0) {
      return [];
    }
    const rows = this.#file.all("SELECT id, record FROM call_records ORDER BY position DESC LIMIT ?", limit);
    return rows
      .map((row) => parseStored(callRecordSchema, String(row["record"]), `call_records/${String(row["id"])}`))
      .toReversed();
  }
}
