import type { CallJournal, CallRecordReader } from "@mss/model";
import type { Logger, Part } from "@mss/runtime";
import { SqliteCallJournal } from "./sqlite-call-journal.ts";
import { SqliteFile } from "./sqlite-file.ts";

export interface CallJournalFile extends Part {
  readonly journal: CallJournal;
}

export interface CallJournalReader extends Part {
  readonly records: CallRecordReader;
}

/**
 * The call journal of a node without anything else in its file; a branch has its own in its `BranchStore`. `start` rejects
 * as that of `openBranchStore`.
 */
export function openCallJournal({ file: path, log }: { readonly file: string; readonly log: Logger }): CallJournalFile {
  const file = new SqliteFile(path, log);
  return {
    journal: new SqliteCallJournal(file),
    async start() {
      file.open();
    },
    async stop() {
      await file.stop();
    },
  };
}

/**
 * The records of a journal's file, also while its node runs, which is not disturbed. `start` rejects with `STORE_OUTDATED`
 * where the node that wrote it was older than this program.
 */
export function readCallJournal({
  file: path,
  log,
}: {
  readonly file: string;
  readonly log: Logger;
}): CallJournalReader {
  const file = new SqliteFile(path, log);
  return {
    records: new SqliteCallJournal(file),
    async start() {
      file.openToRead();
    },
    async stop() {
      file.close();
    },
  };
}
