import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { CallJournal, CallRecord, CallRecordPage, JournalBatch, OpenCall } from "@mss/model";
import { CodedError } from "@mss/runtime";

const CALL = {
  sessionId: "0".repeat(32),
  node: "hk",
  from: "1000",
  to: "1001",
  origin: "extension:1000",
  startedAt: "2026-01-01T00:00:00.000Z",
};

export function openCall(id: string): OpenCall {
  return { ...CALL, id, startedMs: 0 };
}

export function record(id: string): CallRecord {
  const end = { result: "answered", status: 200, endedAt: CALL.startedAt, endedBy: "caller" } as const;
  return { ...CALL, id, ...end, setupMs: 0, durationMs: 0 };
}

export const idsOf = (records: readonly CallRecord[]): string[] => records.map(({ id }) => id);

/** A disk that can be full, and that says what it was given. */
export class Disk extends EventEmitter implements CallJournal {
  readonly batches: JournalBatch[] = [];
  readonly records = new Map<string, { readonly record: CallRecord; mark: string }>();
  full = false;
  store: string | undefined;

  async write(batch: JournalBatch): Promise<number> {
    this.#check();
    this.batches.push(batch);
    const before = this.#unsent().length;
    for (const { record: each, sent } of batch.closed) {
      this.records.set(each.id, { record: each, mark: sent ? "sent" : "" });
    }
    this.emit("written");
    return this.#unsent().length - before;
  }

  async recover(): Promise<readonly CallRecord[]> {
    return [];
  }

  async unsent(limit: number): Promise<readonly CallRecord[]> {
    return this.#unsent().slice(0, limit);
  }

  async countUnsent(): Promise<number> {
    return this.#unsent().length;
  }

  async mark(ids: readonly string[], mark: string): Promise<void> {
    this.#check();
    for (const id of ids) {
      const found = this.records.get(id);
      assert.ok(found, `${id} is not on the disk`);
      found.mark = mark;
    }
  }

  async sentTo(): Promise<string | undefined> {
    return this.store;
  }

  async setSentTo(store: string): Promise<void> {
    this.#check();
    this.store = store;
  }

  async resend(limit: number): Promise<number> {
    const sent = [...this.records.values()].filter(({ mark }) => mark === "sent").slice(0, limit);
    sent.forEach((entry) => (entry.mark = ""));
    return sent.length;
  }

  async trim(): Promise<number> {
    return 0;
  }

  async page(): Promise<CallRecordPage> {
    return { records: [] };
  }

  async latest(): Promise<readonly CallRecord[]> {
    return [];
  }

  #unsent(): CallRecord[] {
    return [...this.records.values()].filter(({ mark }) => mark === "").map((each) => each.record);
  }

  #check(): void {
    if (this.full) {
      this.emit("refused");
      throw new CodedError("STORE_UNAVAILABLE", "the disk is full");
    }
  }
}
