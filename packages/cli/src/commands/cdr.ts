import { setTimeout as sleep } from "node:timers/promises";
import type { CallRecord, CallRecordReader } from "@mss/model";
import { isCoded } from "@mss/runtime";
import { joinCalls } from "../cdr/joined-call.ts";
import { isWanted } from "../cdr/record-filter.ts";
import type { RecordFilter } from "../cdr/record-filter.ts";
import { CALL_WRITERS, RECORD_WRITERS } from "../cdr/record-format.ts";
import type { RecordFormat } from "../cdr/record-format.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus } from "../output.ts";
import type { ProgramOptions } from "../program-options.ts";
import { codedText } from "../start-fault.ts";
import { withFederationStore } from "../topology/federation-store.ts";
import { findFederation } from "../topology/find-federation.ts";

export interface CdrFlags {
  readonly federation?: string;
  /** Path of a node's SQLite file. */
  readonly journal?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until?: number;
  readonly branch?: string;
  readonly node?: string;
  readonly call?: string;
  readonly number?: string;
  readonly joined: boolean;
  readonly limit?: number;
  readonly follow: boolean;
  readonly format: RecordFormat;
}

export interface CdrOptions extends ProgramOptions, CdrFlags {
  readonly files: readonly string[];
}

const PAGE = 1_000;
const FOLLOW_MS = 1_000;
/** A record comes after its call has ended; clocks of nodes may be ahead of the store's by so much. */
const CLOCK_SLACK_MS = 3_600_000;

/** `mss cdr`: what nodes have recorded, filtered, joined and written in one of three formats. */
export async function cdr(options: CdrOptions): Promise<ExitStatus> {
  const { output, journal, joined, follow } = options;
  if (joined && follow) {
    output.err("error: --joined needs all records of a call, and --follow never has them all\n");
    return EXIT.usage;
  }
  if (journal !== undefined) {
    return fromJournal(journal, options);
  }
  const federation = await findFederation(options, output);
  if (federation === undefined) {
    return EXIT.usage;
  }
  return withFederationStore({ ...options, federation, json: false }, (_topology, { callRecords }) =>
    write(callRecords, options),
  );
}

async function fromJournal(file: string, options: CdrOptions): Promise<ExitStatus> {
  const journal = options.openJournal(file);
  try {
    await journal.start();
    return await write(journal.records, options);
  } catch (error) {
    if (!isCoded(error)) {
      throw error;
    }
    options.output.err(`${file}: ${codedText(error)}\n`);
    return error.code === "STORE_LOCKED" ? EXIT.unavailable : EXIT.usage;
  } finally {
    await journal.stop();
  }
}

async function write(reader: CallRecordReader, options: CdrOptions): Promise<ExitStatus> {
  const { output, format, joined, limit = Infinity } = options;
  const out = (text: string): void => (text === "" ? undefined : output.out(text));
  if (joined) {
    const calls = joinCalls(await wholeCalls(reader, options));
    out(CALL_WRITERS[format].head);
    calls.slice(0, limit).forEach((call) => out(CALL_WRITERS[format].line(call)));
    return EXIT.ok;
  }
  out(RECORD_WRITERS[format].head);
  let written = 0;
  for await (const record of wanted(reader, options)) {
    out(RECORD_WRITERS[format].line(record));
    written += 1;
    if (written >= limit) {
      break;
    }
  }
  return EXIT.ok;
}

function filterOf({ since, until, branch, node, call, number }: CdrFlags): RecordFilter {
  return {
    sinceMs: since,
    ...(until === undefined ? {} : { untilMs: until }),
    ...(branch === undefined ? {} : { branch }),
    ...(node === undefined ? {} : { node }),
    ...(call === undefined ? {} : { call }),
    ...(number === undefined ? {} : { number }),
  };
}

/** All records of the calls that have a wanted one: a filter by branch must not cut a call in pieces. */
async function wholeCalls(reader: CallRecordReader, options: CdrOptions): Promise<CallRecord[]> {
  const filter = filterOf(options);
  const all: CallRecord[] = [];
  const sessions = new Set<string>();
  for await (const record of wanted(reader, { ...options, filter: { sinceMs: filter.sinceMs - CLOCK_SLACK_MS } })) {
    all.push(record);
    if (isWanted(record, filter)) {
      sessions.add(record.sessionId);
    }
  }
  return all.filter(({ sessionId }) => sessions.has(sessionId));
}

/** Page by page; with `follow` as long as nobody interrupts. */
async function* wanted(
  reader: CallRecordReader,
  options: CdrOptions & { readonly filter?: RecordFilter },
): AsyncGenerator<CallRecord> {
  const { since, follow, stopSignal, filter = filterOf(options) } = options;
  const stopped = new AbortController();
  void stopSignal.first.then(() => stopped.abort());
  const sinceMs = since - CLOCK_SLACK_MS;
  let after: string | undefined;
  while (!stopped.signal.aborted) {
    const page = await reader.page({ sinceMs, limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield* page.records.filter((record) => isWanted(record, filter));
    after = page.last;
    if (page.records.length < PAGE && !follow) {
      return;
    }
    if (page.records.length < PAGE) {
      await sleep(FOLLOW_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }
}
