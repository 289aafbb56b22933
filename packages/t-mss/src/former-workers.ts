import { readdir } from "node:fs/promises";
import path from "node:path";
import { RecordLedger, RecordShipper } from "@mss/call-control/node";
import type { CallJournal, CallRecordStore } from "@mss/model";
import { compose } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";

export interface FormerWorkersOptions {
  readonly directory: string;
  readonly hub: string;
  /** How many there are now. */
  readonly workers: number;
  readonly openJournal: (file: string) => Part & { readonly journal: CallJournal };
  readonly callRecords: CallRecordStore;
  readonly log: Logger;
}

/** File of the journal of a worker; the first one has that of a hub that is one process. */
export function journalFile(hub: string, worker: number): string {
  return worker === 1 ? `${hub}.sqlite` : `${hub}.${worker}.sqlite`;
}

/**
 * Sends what workers have left in their journals that are not started any more, since the hub has fewer now. Its start never
 * rejects: what cannot be read stays on the disk, and the log says so.
 */
export function formerWorkers(options: FormerWorkersOptions): Part {
  const { log, directory } = options;
  let parts: readonly Part[] = [];
  return {
    async start() {
      const left = await filesOf(options);
      parts = left.map((name) => sendingOf(path.join(directory, name), options));
      for (const [index, part] of parts.entries()) {
        await part.start().catch((error: unknown) => {
          log.error({ err: error, file: left[index] }, "call records of a former worker cannot be read");
        });
      }
    },
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

async function filesOf({ directory, hub, workers }: FormerWorkersOptions): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => {
    const [prefix, number, suffix, ...more] = name.slice(hub.length).split(".");
    const isJournal = name.startsWith(hub) && prefix === "" && suffix === "sqlite" && more.length === 0;
    return isJournal && Number(number) > Math.max(1, workers);
  });
}

function sendingOf(file: string, { openJournal, callRecords, log }: FormerWorkersOptions): Part {
  const opened = openJournal(file);
  const ledger = new RecordLedger({ journal: opened.journal, log });
  const shipper = new RecordShipper({
    ledger,
    send: async (records) => ({ store: (await callRecords.insert(records)).store, refused: [] }),
    hasDestination: () => true,
    log,
  });
  return compose([
    { name: "journal", part: opened },
    { name: "call records", part: ledger },
    { name: "sending of call records", part: shipper },
  ]);
}
