import { bindingSchema } from "@mss/model";
import type { Binding, BindingLimits, BindingOutcome, BindingStore } from "@mss/model";
import type { SQLInputValue } from "node:sqlite";
import { applyBindingChange } from "../bindings/apply-change.ts";
import type { BindingChange } from "../bindings/apply-change.ts";
import { checkStored } from "../stored-value.ts";
import type { Row, SqliteFile } from "./sqlite-file.ts";

const SELECT = "SELECT * FROM bindings";
const UPSERT = `
  INSERT INTO bindings (aor, contact, transport, host, port, call_id, cseq, user_agent, expires_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (aor, contact) DO UPDATE SET
    transport = excluded.transport, host = excluded.host, port = excluded.port, call_id = excluded.call_id,
    cseq = excluded.cseq, user_agent = excluded.user_agent, expires_at = excluded.expires_at`;

/** Bindings that outlive a restart of the branch. A row keeps its position while its contact is refreshed. */
export class SqliteBindingStore implements BindingStore {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async apply(aor: string, change: BindingChange, limits: BindingLimits): Promise<BindingOutcome> {
    return this.#file.transaction("applyBindings", () => {
      const known = this.#read(`${SELECT} WHERE aor = ? ORDER BY position`, aor);
      const outcome = applyBindingChange(known, change, limits);
      if (outcome.kind === "stored") {
        const expired = known.filter((binding) => binding.expiresAt <= limits.nowMs).map((binding) => binding.contact);
        for (const contact of [...expired, ...change.remove]) {
          this.#file.run("DELETE FROM bindings WHERE aor = ? AND contact = ?", aor, contact);
        }
        for (const binding of change.set) {
          this.#file.run(UPSERT, ...columnsOf(aor, binding));
        }
      }
      return outcome;
    });
  }

  async clear(aor: string): Promise<void> {
    this.#file.run("DELETE FROM bindings WHERE aor = ?", aor);
  }

  async find(aor: string, nowMs: number): Promise<readonly Binding[]> {
    return this.#read(`${SELECT} WHERE aor = ? AND expires_at > ? ORDER BY position`, aor, nowMs);
  }

  async all(nowMs: number): Promise<readonly Binding[]> {
    return this.#read(`${SELECT} WHERE expires_at > ? ORDER BY position`, nowMs);
  }

  async purge(nowMs: number): Promise<number> {
    return this.#file.run("DELETE FROM bindings WHERE expires_at <= ?", nowMs);
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
