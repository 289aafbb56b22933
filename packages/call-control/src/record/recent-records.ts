import type { CallRecord } from "@mss/model";

const MAX_RECENT = 2_000;

/**
 * Records that are on the disk and not sent yet, as they were when they were written. To read each of them again and check it
 * costs as much as the writing, in the thread of the calls; so that is done only for what is older than this process, or more
 * than this holds.
 */
export class RecentRecords {
  readonly #records = new Map<string, CallRecord>();

  /** The disk has taken it. */
  add(record: CallRecord): void {
    if (this.#records.size >= MAX_RECENT) {
      this.#records.clear(); // from now on the disk knows more than this, until all of it is sent
    }
    this.#records.set(record.id, record);
  }

  /** It is sent, or will never be. */
  forget(id: string): void {
    this.#records.delete(id);
  }

  /** The oldest ones; undefined where the disk, which has so many that are not sent, has others as well. */
  oldest(limit: number, unsentOnDisk: number): readonly CallRecord[] | undefined {
    return this.#records.size === unsentOnDisk ? this.#records.values().take(limit).toArray() : undefined;
  }
}
