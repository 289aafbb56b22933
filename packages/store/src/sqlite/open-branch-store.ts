import type { Logger } from "@mss/runtime";
import type { BranchStore } from "../stores.ts";
import { SqliteBindingStore } from "./sqlite-binding-store.ts";
import { SqliteCallJournal } from "./sqlite-call-journal.ts";
import { SqliteCopyStore } from "./sqlite-copy-store.ts";
import { SqliteFile } from "./sqlite-file.ts";

export interface BranchStoreOptions {
  /** Path of the file, made when it is not there; its folder must be. `:memory:` keeps nothing. */
  readonly file: string;
  readonly log: Logger;
}

/**
 * What a branch keeps on its own disk. `start` opens the file and brings it up to date; it rejects with `STORE_CORRUPT`,
 * `STORE_LOCKED`, `STORE_NEWER` or `STORE_UNAVAILABLE`. Before `start` and after `stop` everything is `STORE_CLOSED`.
 */
export function openBranchStore(options: BranchStoreOptions): BranchStore {
  const log = options.log.child({ mod: "store" });
  const file = new SqliteFile(options.file, log);
  const bindings = new SqliteBindingStore(file);
  return {
    bindings,
    callRecords: new SqliteCallJournal(file),
    topologyCopy: new SqliteCopyStore(file, "topology"),
    async start() {
      file.open();
      log.debug({ file: options.file }, "branch store open");
    },
    async stop() {
      bindings.flush();
      await file.stop();
      bindings.forget();
    },
  };
}
