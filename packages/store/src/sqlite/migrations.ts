/**
 * Each entry takes the file from version (its index) to the next; PRAGMA user_version holds the version reached.
 * Entries are never edited once released: a change is a new entry.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE bindings (
    position INTEGER PRIMARY KEY,
    aor TEXT NOT NULL,
    contact TEXT NOT NULL,
    transport TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    cseq INTEGER NOT NULL,
    user_agent TEXT,
    expires_at INTEGER NOT NULL,
    UNIQUE (aor, contact)
  ) STRICT;
  CREATE INDEX bindings_by_expiry ON bindings (expires_at);
  CREATE TABLE call_records (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE copies (
    name TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    document TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE call_records ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE call_records ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0;
  UPDATE call_records SET ended_at = unixepoch(json_extract(record, '$.endedAt')) * 1000 WHERE json_valid(record);
  CREATE INDEX call_records_unsent ON call_records (position) WHERE sent = 0;
  CREATE INDEX call_records_sent ON call_records (position) WHERE sent = 1;
  CREATE INDEX call_records_sent_by_end ON call_records (ended_at) WHERE sent = 1;
  CREATE TABLE open_calls (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    call TEXT NOT NULL
  ) STRICT;
  CREATE TABLE runs (
    run TEXT PRIMARY KEY,
    seen_ms REAL NOT NULL
  ) STRICT;
  CREATE TABLE journal (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  `,
  // every refresh of a registration wrote it anew; what looks for expired ones does so once and may read the table
  "DROP INDEX bindings_by_expiry;",
];
