import { callRecordSchema, openCallSchema, recordOfCrash } from "@mss/model";
import type { CallJournal, CallRecord, CallRecordPage, CallRecordQuery, JournalBatch, SentMark } from "@mss/model";
import { KEPT_CALL_RECORDS, KEPT_UNSENT_RECORDS } from "../limits.ts";
import { parseStored } from "../stored-value.ts";
import type { SqliteFile } from "./sqlite-file.ts";

const UNSENT = 0;
const MARKS: Readonly<Record<SentMark, number>> = { sent: 1, refused: 2 };
/** Sent records that one trim forgets at most: it runs between calls. */
const TRIM_AT_ONCE = 2_000;

const SEEN = "INSERT INTO runs (run, seen_ms) VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET seen_ms = excluded.seen_ms";
const OPEN = `
  INSERT INTO open_calls (id, run, call) SELECT ?1, ?2, ?3
  WHERE NOT EXISTS (SELECT 1 FROM call_records WHERE id = ?1)
  ON CONFLICT (id) DO UPDATE SET call = excluded.call`;
const CLOSE = "DELETE FROM open_calls WHERE id = ?";
const INSERT = "INSERT INTO call_records (id, record, sent, ended_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
const LEFT_OPEN = `
  SELECT open_calls.id, call, coalesce(seen_ms, 0) AS seen_ms FROM open_calls LEFT JOIN runs USING (run)
  WHERE open_calls.run <> ? ORDER BY open_calls.id`;

/** The calls of one node in its SQLite file. Commits are quick and in the page cache; the file brings them to the disk. */
export class SqliteCallJournal implements CallJournal {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async write({ run, seenMs, open, closed }: JournalBatch): Promise<number> {
    return this.#file.transaction("writeCalls", () => {
      this.#file.run(SEEN, run, seenMs);
      for (const call of open) {
        this.#file.run(OPEN, call.id, run, JSON.stringify(call));
      }
      let unsent = 0;
      for (const { record, sent } of closed) {
        const changes = this.#close(record, sent);
        unsent += sent ? 0 : changes;
      }
      return unsent;
    });
  }

  async recover(run: string): Promise<readonly CallRecord[]> {
    return this.#file.transaction("recoverCalls", () => {
      const left = this.#file.all(LEFT_OPEN, run);
      const records: CallRecord[] = [];
      for (const { id, call, seen_ms: seenMs } of left) {
        const open = this.#readOrForget(() => parseStored(openCallSchema, String(call), `open_calls/${String(id)}`));
        if (open === undefined) {
          this.#file.run(CLOSE, String(id));
          continue;
        }
        const record = recordOfCrash(open, Number(seenMs));
        this.#close(record, false);
        records.push(record);
      }
      this.#file.run("DELETE FROM runs WHERE run <> ?", run);
      this.#file.run("UPDATE call_records SET sent = ? WHERE sent = ?", UNSENT, MARKS.refused);
      return records;
    });
  }

  async unsent(limit: number): Promise<readonly CallRecord[]> {
    const sql = "SELECT id, record FROM call_records WHERE sent = 0 ORDER BY position LIMIT ?";
    const rows = this.#file.all(sql, limit);
    const read = rows.map(({ id, record }) => ({
      id: String(id),
      record: this.#readOrForget(() => recordOf(id, record)),
    }));
    const unreadable = read.flatMap(({ id, record }) => (record === undefined ? [id] : []));
    if (unreadable.length > 0) {
      await this.mark(unreadable, "refused");
    }
    return read.flatMap(({ record }) => (record === undefined ? [] : [record]));
  }

  async countUnsent(): Promise<number> {
    return Number(this.#file.all("SELECT count(*) AS unsent FROM call_records WHERE sent = 0")[0]?.["unsent"]);
  }

  async mark(ids: readonly string[], mark: SentMark): Promise<void> {
    this.#file.transaction("markCallRecords", () => {
      for (const id of ids) {
        this.#file.run("UPDATE call_records SET sent = ? WHERE id = ?", MARKS[mark], id);
      }
    });
  }

  async sentTo(): Promise<string | undefined> {
    const row = this.#file.all("SELECT value FROM journal WHERE name = 'sent-to'")[0];
    return row === undefined ? undefined : String(row["value"]);
  }

  async setSentTo(store: string): Promise<void> {
    const sql =
      "INSERT INTO journal (name, value) VALUES ('sent-to', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    this.#file.run(sql, store);
  }

  async resend(limit: number): Promise<number> {
    const some = "SELECT position FROM call_records WHERE sent = 1 ORDER BY position DESC LIMIT ?";
    return this.#file.run(`UPDATE call_records SET sent = 0 WHERE position IN (${some})`, limit);
  }

  async trim(beforeMs: number): Promise<number> {
    return this.#file.transaction("trimCallRecords", () => {
      const newest = Number(
        this.#file.all("SELECT coalesce(max(position), 0) AS newest FROM call_records")[0]?.["newest"],
      );
      const lost = this.#file.run(
        "DELETE FROM call_records WHERE sent = 0 AND position <= ?",
        newest - KEPT_UNSENT_RECORDS,
      );
      const old = "SELECT position FROM call_records WHERE sent = 1 AND ended_at < ? ORDER BY ended_at LIMIT ?";
      const many = "SELECT position FROM call_records WHERE sent = 1 AND position <= ? ORDER BY position LIMIT ?";
      this.#file.run(`DELETE FROM call_records WHERE position IN (${old})`, beforeMs, TRIM_AT_ONCE);
      this.#file.run(`DELETE FROM call_records WHERE position IN (${many})`, newest - KEPT_CALL_RECORDS, TRIM_AT_ONCE);
      return lost;
    });
  }

  async page({ sinceMs = 0, after = "0", limit }: CallRecordQuery): Promise<CallRecordPage> {
    const sql =
      "SELECT position, id, record FROM call_records WHERE position > ? AND ended_at >= ? ORDER BY position LIMIT ?";
    const rows = this.#file.all(sql, Number(after), sinceMs, limit);
    const last = rows.at(-1)?.["position"];
    const records = rows.map(({ id, record }) => recordOf(id, record));
    return { records, last: last === undefined ? after : String(Number(last)) };
  }

  async latest(limit: number): Promise<readonly CallRecord[]> {
    if (limit <= 0) {
      return [];
    }
    const rows = this.#file.all("SELECT id, record FROM call_records ORDER BY position DESC LIMIT ?", limit);
    return rows.map(({ id, record }) => recordOf(id, record)).toReversed();
  }

  #close(record: CallRecord, sent: boolean): number {
    this.#file.run(CLOSE, record.id);
    const text = JSON.stringify(record);
    return this.#file.run(INSERT, record.id, text, sent ? MARKS.sent : UNSENT, Date.parse(record.endedAt));
  }

  /** A row that something else has changed must not hold up all others. */
  #readOrForget<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      this.#file.log.error({ err: error }, "call in the journal cannot be read, and is left out");
      return undefined;
    }
  }
}

function recordOf(id: unknown, text: unknown): CallRecord {
  return parseStored(callRecordSchema, String(text), `call_records/${String(id)}`);
}
