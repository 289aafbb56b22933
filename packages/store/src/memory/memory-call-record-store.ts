import { randomUUID } from "node:crypto";
import { recordKey } from "@mss/model";
import type { CallRecord, CallRecordPage, CallRecordQuery, CallRecordStore, InsertOutcome } from "@mss/model";
import { KEPT_CALL_RECORDS } from "../limits.ts";

interface Entry {
  readonly record: CallRecord;
  readonly position: number;
  readonly cameMs: number;
}

export class MemoryCallRecordStore implements CallRecordStore {
  readonly #store = randomUUID();
  /** In order of arrival, oldest first. */
  readonly #byKey = new Map<string, Entry>();
  #position = 0;

  async insert(records: readonly CallRecord[]): Promise<InsertOutcome> {
    let added = 0;
    for (const record of records) {
      const key = recordKey(record);
      if (!this.#byKey.has(key)) {
        this.#byKey.set(key, { record, position: (this.#position += 1), cameMs: Date.now() });
        added += 1;
      }
    }
    for (const key of this.#byKey.keys().take(Math.max(0, this.#byKey.size - KEPT_CALL_RECORDS))) {
      this.#byKey.delete(key);
    }
    return { store: this.#store, added };
  }

  async page({ sinceMs = 0, after = "0", limit }: CallRecordQuery): Promise<CallRecordPage> {
    const later = this.#byKey.values().filter(({ position, cameMs }) => position > Number(after) && cameMs >= sinceMs);
    const entries = later.take(limit).toArray();
    return { records: entries.map(({ record }) => record), last: String(entries.at(-1)?.position ?? after) };
  }

  async latest(limit: number): Promise<readonly CallRecord[]> {
    return limit > 0 ? [...this.#byKey.values()].slice(-limit).map(({ record }) => record) : [];
  }
}
