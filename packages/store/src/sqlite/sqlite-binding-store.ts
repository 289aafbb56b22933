import { bindingSchema } from "@mss/model";
import type { Binding, BindingLimits, BindingOutcome, BindingStore } from "@mss/model";
import type { SQLInputValue } from "node:sqlite";
import { applyBindingChange } from "../bindings/apply-change.ts";
import type { BindingChange } from "../bindings/apply-change.ts";
import { checkStored } from "../stored-value.ts";
import type { Row, SqliteFile } from "./sqlite-file.ts";
import { WriteQueue } from "./write-queue.ts";

const SELECT = "SELECT * FROM bindings";
const UPSERT = `
  INSERT INTO bindings (aor, contact, transport, host, port, call_id, cseq, user_agent, expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (aor, contact) DO UPDATE SET
    transport = excluded.transport, host = excluded.host, port = excluded.port, call_id = excluded.call_id,
    cseq = excluded.cseq, user_agent = excluded.user_agent, expires_at = excluded.expires_at`;
const DELETE_ONE = "DELETE FROM bindings WHERE aor = ? AND contact = ?";
const DELETE_ALL = "DELETE FROM bindings WHERE aor = ?";
/** More addresses of record than a branch has; then all are forgotten and read again. */
const MAX_REMEMBERED = 50_000;

/**
 * Bindings that outlive a restart of the branch. A row keeps its position while its contact is refreshed. What was read or
 * written once is remembered, as the file is the branch's own: nothing else may change it meanwhile.
 */
export class SqliteBindingStore implements BindingStore {
  readonly #file: SqliteFile;
  readonly #writes: WriteQueue;
  /** As in the file, those that have expired with them. */
  readonly #remembered = new Map<string, readonly Binding[]>();

  constructor(file: SqliteFile) {
    this.#file = file;
    this.#writes = new WriteQueue(file, () => this.#remembered.clear());
  }

  apply(aor: string, change: BindingChange, limits: BindingLimits): Promise<BindingOutcome> {
    return this.#writes.add(() => {
      const known = this.#known(aor);
      const outcome = applyBindingChange(known, change, limits);
      if (outcome.kind === "stored") {
        const expired = known.filter((binding) => binding.expiresAt <= limits.nowMs).map((binding) => binding.contact);
        for (const contact of [...expired, ...change.remove]) {
          this.#file.run(DELETE_ONE, aor, contact);
        }
        for (const binding of change.set) {
          this.#file.run(UPSERT, ...columnsOf(aor, binding));
        }
        this.#remember(aor, outcome.bindings);
      }
      return outcome;
    });
  }

  clear(aor: string): Promise<void> {
    return this.#writes.add(() => {
      this.#file.run(DELETE_ALL, aor);
      this.#remember(aor, []);
    });
  }

  async find(aor: string, nowMs: number): Promise<readonly Binding[]> {
    return this.#known(aor).filter((binding) => binding.expiresAt > nowMs);
  }

  async all(nowMs: number): Promise<readonly Binding[]> {
    this.flush();
    return this.#read(`${SELECT} WHERE expires_at > ? ORDER BY position`, nowMs);
  }

  async purge(nowMs: number): Promise<number> {
    this.flush();
    this.#remembered.clear();
    return this.#file.run("DELETE FROM bindings WHERE expires_at <= ?", nowMs);
  }

  /** Writes now what would be written with the end of this turn. */
  flush(): void {
    this.#writes.flush();
  }

  /** After the file is closed: it may be another one when it is opened again. */
  forget(): void {
    this.#remembered.clear();
  }

  #known(aor: string): readonly Binding[] {
    const remembered = this.#remembered.get(aor);
    if (remembered !== undefined) {
      return remembered;
    }
    const bindings = this.#read(`${SELECT} WHERE aor = ? ORDER BY position`, aor);
    this.#remember(aor, bindings);
    return bindings;
  }

  #remember(aor: string, bindings: readonly Binding[]): void {
    if (this.#remembered.size >= MAX_REMEMBERED) {
      this.#remembered.clear();
    }
    this.#remembered.set(aor, bindings);
  }

  #read(sql: string, ...values: SQLInputValue[]): Binding[] {
    return this.#file.all(sql, ...values).map(bindingOf);
  }
}

function columnsOf(aor: string, binding: Binding): SQLInputValue[] {
  const { contact, source, callId, cseq, userAgent, expiresAt } = binding;
  return [aor, contact, source.transport, source.host, source.port, callId, cseq, userAgent ?? null, expiresAt];
}

function bindingOf(row: Row): Binding {
  const candidate = {
    aor: row["aor"],
    contact: row["contact"],
    source: { transport: row["transport"], host: row["host"], port: row["port"] },
    callId: row["call_id"],
    cseq: row["cseq"],
    ...(row["user_agent"] === null ? {} : { userAgent: row["user_agent"] }),
    expiresAt: row["expires_at"],
  };
  return checkStored(bindingSchema, candidate, `bindings/${String(row["position"])}`);
}
