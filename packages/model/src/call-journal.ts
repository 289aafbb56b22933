import type { CallRecord, OpenCall } from "./call-record.ts";

/** Which records to read, in the order in which they came. */
export interface CallRecordQuery {
  /** Those that came since, in milliseconds since 1970: a record comes after its call has ended. Does not count with `after`. */
  readonly sinceMs?: number;
  /** Those after that page: its `last`. */
  readonly after?: string;
  readonly limit: number;
}

export interface CallRecordPage {
  readonly records: readonly CallRecord[];
  /** Where the next page begins, also when there is nothing more now; absent when there was nothing yet. */
  readonly last?: string;
}

export interface CallRecordReader {
  page(query: CallRecordQuery): Promise<CallRecordPage>;
  /** The newest `limit` records, oldest of them first. */
  latest(limit: number): Promise<readonly CallRecord[]>;
}

export interface InsertOutcome {
  /** Names what the store has; another name than the last time says that everything from before was lost. */
  readonly store: string;
  /** How many of the records were not there yet. */
  readonly added: number;
}

/** The records of all nodes, shared by the hubs. */
export interface CallRecordStore extends CallRecordReader {
  /** Atomic; keeps each record once, by `recordKey`, the first. Rejects when the store cannot be reached, and may have taken them then. */
  insert(records: readonly CallRecord[]): Promise<InsertOutcome>;
}

/** One write to a journal. */
export interface JournalBatch {
  /** Names the process that writes: calls that another one left open were ended by a crash. */
  readonly run: string;
  /** Until when that process is known to have lived, in milliseconds of its monotonic clock. */
  readonly seenMs: number;
  readonly open: readonly OpenCall[];
  /** `sent`: the hubs' store has it already. */
  readonly closed: readonly { readonly record: CallRecord; readonly sent: boolean }[];
}

/** What became of a record at the hubs' store. One that is refused stays in the journal and is sent again after a restart. */
export type SentMark = "sent" | "refused";

/**
 * The calls of one node on its own disk: open from their beginning, so that a crash leaves a trace, then closed, then
 * sent. Every change is whole or not at all; every failure is a rejection, after which nothing was changed.
 */
export interface CallJournal extends CallRecordReader {
  /** Opens and closes calls. What is closed stays closed, and is kept once per id. Returns how many records are new and unsent. */
  write(batch: JournalBatch): Promise<number>;
  /**
   * Closes what other runs than this one left open, as ended by a crash, and returns these records. What was refused counts as
   * unsent again.
   */
  recover(run: string): Promise<readonly CallRecord[]>;
  /** Records that are to be sent, oldest first. One that cannot be read is marked as refused, and left out. */
  unsent(limit: number): Promise<readonly CallRecord[]>;
  countUnsent(): Promise<number>;
  mark(ids: readonly string[], mark: SentMark): Promise<void>;
  /**
   * Which store has what is marked as sent; undefined before the first. A name other than that of the last time says that
   * the records are to be sent again.
   */
  sentTo(): Promise<string | undefined>;
  setSentTo(store: string): Promise<void>;
  /** Makes up to `limit` sent records unsent again, newest first; returns how many. */
  resend(limit: number): Promise<number>;
  /** Forgets what was sent and ended before that time, in milliseconds since 1970, and what is over the limit of the journal. Returns how many unsent ones were lost by that. */
  trim(beforeMs: number): Promise<number>;
}
