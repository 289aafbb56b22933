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
];
