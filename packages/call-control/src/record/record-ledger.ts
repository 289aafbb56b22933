import { randomUUID } from "node:crypto";
import type { CallJournal, CallRecord, OpenCall, SentMark } from "@mss/model";
import { isCoded } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { RecentRecords } from "./recent-records.ts";

export interface LedgerTiming {
  /** Shortest time between two writes: what happens meanwhile is one transaction. */
  readonly batchMs: number;
  /** How often the disk is told that the calls still go on: by so much the duration of a call may be short after a crash. */
  readonly interimMs: number;
  /** Pause after a write that failed. */
  readonly retryMs: number;
  /** How long what was sent is kept, too. */
  readonly keepMs: number;
}

export interface RecordLedgerOptions {
  /** Absent: records are in memory only, until they are sent. */
  readonly journal?: CallJournal;
  readonly log: Logger;
  readonly timing?: Partial<LedgerTiming>;
  /** How many records are held in memory while they cannot be written; then the oldest is lost. 100,000 when absent. */
  readonly maxWaiting?: number;
}

export interface LedgerStatus {
  /** Records that the hubs' store does not have yet. */
  readonly unsent: number;
  /** Of these in memory only, since the disk has not taken them. */
  readonly waiting: number;
  /** Since the start: those that there was no room for. */
  readonly lost: number;
  /** Why the last write failed; absent while the disk takes what is written. */
  readonly diskProblem?: string;
}

const DEFAULT_TIMING: LedgerTiming = { batchMs: 50, interimMs: 5_000, retryMs: 1_000, keepMs: 31 * 86_400_000 };
const MAX_WAITING = 100_000;
/** Bounds the time of one transaction, in which no call gets on, to about 10 ms. */
const MAX_BATCH = 1_000;

interface ClosedCall {
  readonly record: CallRecord;
  sent: boolean;
}

/**
 * Every call of a node from its beginning until the store of the hubs has it: first in memory, then on the disk, then sent.
 * A call never waits for any of it. What happens in one moment is written together, and at once when nothing was written
 * lately. What the disk does not take stays in memory and is sent from there.
 */
export class RecordLedger implements Part {
  readonly #journal: CallJournal | undefined;
  readonly #log: Logger;
  readonly #timing: LedgerTiming;
  readonly #maxWaiting: number;
  readonly #run = randomUUID();
  /** Ids of the calls that go on. */
  readonly #goingOn = new Set<string>();
  /** What the disk is to be told; without a disk nothing is opened, and what is closed stays here until it is sent. */
  readonly #opened = new Map<string, OpenCall>();
  readonly #closed = new Map<string, ClosedCall>();
  readonly #marks = new Map<string, SentMark>();
  readonly #recent = new RecentRecords();
  readonly #listeners = new Set<() => void>();
  #unsentOnDisk = 0;
  #lost = 0;
  #problem: string | undefined;
  #wroteMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #interim: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor({ journal, log, timing, maxWaiting = MAX_WAITING }: RecordLedgerOptions) {
    this.#journal = journal;
    this.#log = log;
    this.#timing = { ...DEFAULT_TIMING, ...timing };
    this.#maxWaiting = maxWaiting;
  }

  /** Closes what a crash left open. Never rejects: where the disk cannot be read, calls are recorded in memory. */
  async start(): Promise<void> {
    if (this.#journal === undefined) {
      return;
    }
    this.#interim ??= setInterval(() => void this.#onInterim(), this.#timing.interimMs).unref();
    try {
      const crashed = await this.#journal.recover(this.#run);
      this.#unsentOnDisk = await this.#journal.countUnsent();
      for (const { id, sessionId, from, to, origin, result, durationMs } of crashed) {
        const fields = { call: id, sessionId, from, to, origin, result, durationMs };
        this.#log.warn(fields, "call was ended by a crash of this node");
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Writes what is left, as far as the disk takes it. */
  async stop(): Promise<void> {
    clearInterval(this.#interim);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.flush();
    clearTimeout(this.#timer);
    const { waiting } = this.status();
    if (waiting > 0) {
      this.#log.error({ waiting }, "call records are lost: neither was the disk ready to take them, nor a hub");
    }
  }

  /** Writes what waits, as far as the disk takes it. */
  async flush(): Promise<void> {
    await this.#writing;
    while (this.#journal !== undefined && this.#toWrite > 0 && (await this.#flush())) {
      // one batch after the other
    }
  }

  /** A call has begun, or was answered. */
  opened(call: OpenCall): void {
    if (this.#journal !== undefined) {
      this.#goingOn.add(call.id);
      this.#opened.set(call.id, call);
      this.#schedule();
    }
  }

  closed(record: CallRecord): void {
    this.#goingOn.delete(record.id);
    this.#opened.delete(record.id);
    this.#closed.set(record.id, { record, sent: false });
    if (this.#closed.size > this.#maxWaiting) {
      this.#loseOldest();
    }
    if (this.#journal !== undefined) {
      this.#schedule();
    }
    if (this.#journal === undefined || this.#problem !== undefined) {
      this.#tell();
    }
  }

  status(): LedgerStatus {
    const waiting = this.#closed.values().reduce((count, { sent }) => count + Number(!sent), 0);
    return {
      unsent: this.#unsentOnDisk + waiting,
      waiting,
      lost: this.#lost,
      ...(this.#problem === undefined ? {} : { diskProblem: this.#problem }),
    };
  }

  /** Calls back when there is something to send. Returns the function that takes the listener off. */
  onUnsent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Up to `limit` records that are to be sent, those on the disk first. Never rejects. */
  async next(limit: number): Promise<readonly CallRecord[]> {
    const onDisk = this.#recent.oldest(limit, this.#unsentOnDisk) ?? (await this.#unsentOf(this.#journal, limit));
    if (this.#journal !== undefined && this.#problem === undefined) {
      return onDisk; // what is in memory will be there in a moment
    }
    const inMemory = this.#closed.values().filter(({ sent }) => !sent);
    return [...onDisk, ...inMemory.take(limit - onDisk.length).map(({ record }) => record)];
  }

  /** What became of records of `next`. Never rejects: what the disk is not told now, it is told later. */
  async acknowledge(ids: readonly string[], mark: SentMark): Promise<void> {
    for (const id of ids) {
      const here = this.#closed.get(id);
      if (here === undefined) {
        this.#marks.set(id, mark);
        this.#recent.forget(id);
        this.#unsentOnDisk -= 1;
      } else if (this.#journal === undefined) {
        this.#closed.delete(id);
      } else {
        here.sent = true;
      }
    }
    try {
      await this.#writeMarks();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Which store has what was sent; undefined: none yet, or the disk cannot say. */
  async sentTo(): Promise<string | undefined> {
    return this.#journal?.sentTo().catch(() => undefined);
  }

  /** From now on that is the store. Rejects when the disk does not take it. */
  async setSentTo(store: string): Promise<void> {
    await this.#journal?.setSentTo(store);
  }

  /** Up to `limit` of the records that were sent are to be sent again; how many. Rejects when the disk does not take it. */
  async resend(limit: number): Promise<number> {
    const count = (await this.#journal?.resend(limit)) ?? 0;
    this.#unsentOnDisk += count;
    return count;
  }

  async #unsentOf(journal: CallJournal | undefined, limit: number): Promise<readonly CallRecord[]> {
    try {
      const records = (await journal?.unsent(limit + this.#marks.size)) ?? [];
      return records.filter(({ id }) => !this.#marks.has(id)).slice(0, limit);
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  get #toWrite(): number {
    return this.#opened.size + this.#closed.size + this.#marks.size;
  }

  #schedule(): void {
    if (this.#timer === undefined && this.#writing === undefined) {
      const pause = this.#problem === undefined ? this.#timing.batchMs : this.#timing.retryMs;
      const waitMs = Math.max(0, this.#wroteMs + pause - performance.now());
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        void this.#write();
      }, waitMs);
    }
  }

  async #write(): Promise<void> {
    this.#writing ??= this.#writeOnce();
    await this.#writing;
  }

  async #writeOnce(): Promise<void> {
    await this.#flush();
    this.#writing = undefined;
    if (this.#toWrite > 0) {
      this.#schedule();
    }
  }

  /** One transaction; false when the disk did not take it. */
  async #flush(): Promise<boolean> {
    const open = this.#opened.values().take(MAX_BATCH).toArray();
    const entries = this.#closed
      .values()
      .take(MAX_BATCH - open.length)
      .toArray();
    const closed = entries.map(({ record, sent }) => ({ record, sent }));
    this.#wroteMs = performance.now();
    try {
      const added = (await this.#journal?.write({ run: this.#run, seenMs: this.#wroteMs, open, closed })) ?? 0;
      this.#unsentOnDisk += added;
      this.#written(open, closed);
      await this.#writeMarks();
      this.#recovered();
      if (added > 0) {
        this.#tell();
      }
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  #written(open: readonly OpenCall[], closed: readonly ClosedCall[]): void {
    for (const call of open) {
      if (this.#opened.get(call.id) === call) {
        this.#opened.delete(call.id);
      }
    }
    for (const { record, sent } of closed) {
      if (!sent && this.#closed.get(record.id)?.sent === true) {
        this.#marks.set(record.id, "sent"); // it was sent while it was written
        this.#unsentOnDisk -= 1;
      } else if (!sent) {
        this.#recent.add(record);
      }
      this.#closed.delete(record.id);
    }
  }

  async #writeMarks(): Promise<void> {
    for (const mark of ["sent", "refused"] as const) {
      const ids = [...this.#marks].flatMap(([id, each]) => (each === mark ? [id] : []));
      if (ids.length > 0) {
        await this.#journal?.mark(ids, mark);
        ids.forEach((id) => this.#marks.delete(id));
      }
    }
  }

  async #onInterim(): Promise<void> {
    if (this.#goingOn.size > 0 || this.#problem !== undefined) {
      await this.#write();
    }
    try {
      this.#countLost((await this.#journal?.trim(Date.now() - this.#timing.keepMs)) ?? 0);
    } catch (error) {
      this.#failed(error);
    }
  }

  #loseOldest(): void {
    const oldest = this.#closed.values().next().value;
    if (oldest !== undefined) {
      this.#closed.delete(oldest.record.id);
      this.#countLost(Number(!oldest.sent));
      this.#log.debug({ record: oldest.record }, "call record is lost");
    }
  }

  #countLost(count: number): void {
    if (count > 0 && this.#lost === 0) {
      this.#log.error("call records are lost from now on: no more of them can be kept");
    }
    this.#lost += count;
  }

  #failed(error: unknown): void {
    if (this.#problem === undefined) {
      this.#log.error({ err: error }, "call records cannot be written to the disk; they are kept in memory");
    }
    this.#problem = isCoded(error) ? error.code : String(error);
    this.#tell();
  }

  #recovered(): void {
    if (this.#problem !== undefined) {
      this.#log.info("call records are written to the disk again");
    }
    this.#problem = undefined;
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
