import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue, StatementSync } from "node:sqlite";
import type { Logger } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import type { StoreErrorCode } from "../errors.ts";
import { MIGRATIONS } from "./migrations.ts";
import { WalSync } from "./wal-sync.ts";

const BUSY_LIMIT_MS = 250; // SQLite waits in the thread, so all calls wait with it
/** 64 MB of log: SQLite brings it into the file itself, and calls wait, only where the thread for it does not get there. */
const OWN_CHECKPOINT_PAGES = 16_384;
/** What the file of the log is cut to when it begins anew: its size tells when the next checkpoint is due. */
const KEPT_LOG_BYTES = 1024 * 1024;

/** Primary result codes of SQLite (sqlite.org/rescode.html), by what they mean to a caller. The rest is STORE_FAILED. */
const RESULT_CODES: Readonly<Record<number, StoreErrorCode>> = {
  5: "STORE_LOCKED", // BUSY
  6: "STORE_LOCKED", // LOCKED
  8: "STORE_UNAVAILABLE", // READONLY
  10: "STORE_UNAVAILABLE", // IOERR
  11: "STORE_CORRUPT", // CORRUPT
  13: "STORE_UNAVAILABLE", // FULL
  14: "STORE_UNAVAILABLE", // CANTOPEN
  26: "STORE_CORRUPT", // NOTADB
};

export type Row = Readonly<Record<string, unknown>>;

/** One SQLite file, opened once. Statements are prepared once; every failure is a StoreError. */
export class SqliteFile {
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #sync: WalSync;
  #database: DatabaseSync | undefined;

  readonly log: Logger;

  /** `file` is a path, or `:memory:`. */
  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#sync = new WalSync(file, log);
    this.log = log;
  }

  open(): void {
    if (this.#database !== undefined) {
      return;
    }
    try {
      this.#guard("open", () => {
        this.#database = new DatabaseSync(this.#file, { timeout: BUSY_LIMIT_MS });
        // NORMAL with WAL: a power cut may take the last moments back, but never breaks the file; no fsync per write.
        this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
        this.#database.exec(`PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT_PAGES}`);
        this.#database.exec(`PRAGMA journal_size_limit = ${KEPT_LOG_BYTES}`);
      });
      this.transaction("migrate", () => {
        this.#migrate();
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Changes nothing, not even the form of an older file. */
  openToRead(): void {
    try {
      this.#guard("open", () => {
        this.#database = new DatabaseSync(this.#file, { timeout: BUSY_LIMIT_MS, readOnly: true });
        const version = this.#version();
        if (version < MIGRATIONS.length) {
          throw new StoreError("STORE_OUTDATED", { file: this.#file, version, known: MIGRATIONS.length });
        }
        this.#refuseNewer(version);
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Resolves when the file is closed, and nothing in it is open in another thread. */
  async stop(): Promise<void> {
    await this.#sync.stop();
    this.close();
  }

  close(): void {
    this.#statements.clear();
    const database = this.#database;
    this.#database = undefined;
    database?.close();
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard("run", () => {
      const { changes } = this.#prepare(sql).run(...values);
      if (this.#database?.isTransaction === false) {
        this.#sync.committed();
      }
      return Number(changes);
    });
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#guard("all", () => this.#prepare(sql).all(...values));
  }

  /** Runs `work` as a whole or not at all. `work` is synchronous, so nothing else comes between. */
  transaction<T>(operation: string, work: () => T): T {
    return this.#guard(operation, () => {
      const database = this.#open();
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        database.exec("COMMIT");
        this.#sync.committed();
        return result;
      } catch (error) {
        if (database.isTransaction) {
          database.exec("ROLLBACK");
        }
        throw error;
      }
    });
  }

  #migrate(): void {
    const database = this.#open();
    const version = this.#version();
    this.#refuseNewer(version);
    for (const migration of MIGRATIONS.slice(version)) {
      database.exec(migration);
    }
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  }

  #version(): number {
    return Number(this.#open().prepare("PRAGMA user_version").get()?.["user_version"]);
  }

  #refuseNewer(version: number): void {
    if (version > MIGRATIONS.length) {
      throw new StoreError("STORE_NEWER", { file: this.#file, version, known: MIGRATIONS.length });
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#open().prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #open(): DatabaseSync {
    if (this.#database === undefined) {
      throw new StoreError("STORE_CLOSED", { file: this.#file });
    }
    return this.#database;
  }

  #guard<T>(operation: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof StoreError) {
        throw error;
      }
      const resultCode: unknown = error instanceof Error ? Reflect.get(error, "errcode") : undefined;
      // The low byte is the primary code, the rest says more (SQLITE_BUSY_SNAPSHOT …).
      const code = typeof resultCode === "number" ? RESULT_CODES[resultCode & 0xff] : undefined;
      throw new StoreError(code ?? "STORE_FAILED", { operation, file: this.#file }, { cause: error });
    }
  }
}
