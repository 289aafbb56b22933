import type { CallRecord, CallRecordStore } from "@mss/model";
import { KEPT_CALL_RECORDS } from "../limits.ts";

export class MemoryCallRecordStore implements CallRecordStore {
  /** In order of arrival, oldest first. */
  readonly #byId = new Map<string, CallRecord>();

  async append(record: CallRecord): Promise<void> {
    if (this.#byId.has(record.id)) {
      return;
    }
    this.#byId.set(record.id, record);
    const oldest = this.#byId.keys().next();
    if (this.#byId.size > KEPT_CALL_RECORDS && oldest.done !== true) {
      this.#byId.delete(oldest.value);
    }
  }

  async latest(limit: number): Promise<readonly CallRecord[]> {
    return limit > 0 ? [...this.#byId.values()].slice(-limit) : [];
  }
}
