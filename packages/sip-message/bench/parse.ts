import { createRequire } from "node:module";
import { cpus } from "node:os";

import { canonicalizeMessage, parseMessage, serializeMessage, validateMessage } from "@mss/sip-message";
import { DESK_PHONE_INVITE } from "@mss/sip-message/testing";

/** The part of drachtio-srf's parser that is measured; it has no types of its own. */
interface DrachtioParser {
  readonly parseSipMessage: (text: string, keepAsString: boolean) => object;
  readonly stringifySipMessage: (message: object) => string;
}

const ROUNDS = 20;
const CALLS = 20_000; // the clock of a thread may go in steps of 4 ms, so that short rounds would tell nothing

// By file, because the parser is not among the public names of drachtio-srf.
const load = createRequire(import.meta.url);
const drachtio: unknown = load("drachtio-srf/lib/sip-parser/parser.js");
if (!isParser(drachtio)) {
  throw new TypeError("drachtio-srf has another parser than the one measured here");
}
const { parseSipMessage, stringifySipMessage } = drachtio;

function isParser(value: unknown): value is DrachtioParser {
  return typeof value === "object" && value !== null && "parseSipMessage" in value && "stringifySipMessage" in value;
}

/** Consuming the bytes makes sure that no lazy string concatenation goes unpaid. */
function written(text: string): number {
  return Buffer.from(text, "latin1").length;
}

function ours(bytes: Buffer): number {
  const outcome = parseMessage(bytes.toString("latin1"));
  return outcome.kind === "message" ? written(serializeMessage(outcome.message)) : 0;
}

/** Both stages and the canonical spelling: what the engine does with every message. */
function oursValidated(bytes: Buffer): number {
  const outcome = parseMessage(bytes.toString("latin1"));
  if (outcome.kind !== "message" || validateMessage(outcome.message) !== undefined) {
    return 0;
  }
  return written(serializeMessage(canonicalizeMessage(outcome.message)));
}

function theirs(bytes: Buffer): number {
  return written(stringifySipMessage(parseSipMessage(bytes.toString("latin1"), true)));
}

/** Microseconds a call, of processor time: what else runs on the machine makes this thread wait, and is not counted. */
function measureRound(work: (bytes: Buffer) => number, bytes: Buffer): number {
  const before = process.threadCpuUsage();
  for (let call = 0; call < CALLS; call += 1) {
    if (work(bytes) === 0) {
      throw new Error("the message was refused");
    }
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / CALLS;
}

const RUNS = [
  { name: "@mss/sip-message parse + serialise", work: ours, rounds: [] as number[] },
  { name: "@mss/sip-message with validation", work: oursValidated, rounds: [] as number[] },
  { name: "drachtio-srf parse + stringify", work: theirs, rounds: [] as number[] },
];

const bytes = Buffer.from(DESK_PHONE_INVITE, "latin1");
process.stdout.write(`node ${process.version}, ${cpus()[0]?.model ?? "?"}, INVITE of ${bytes.length} bytes\n`);
// In turns, so that other work on the machine falls on all of them.
for (let round = 0; round < ROUNDS; round += 1) {
  for (const run of RUNS) {
    run.rounds.push(measureRound(run.work, bytes));
  }
}
const bests: number[] = [];
for (const { name, rounds } of RUNS) {
  const sorted = rounds.toSorted((a, b) => a - b);
  bests.push(sorted[0] ?? 0);
  const best = (sorted[0] ?? 0).toFixed(2);
  const median = (sorted[Math.floor(ROUNDS / 2)] ?? 0).toFixed(2);
  process.stdout.write(`${name.padEnd(46)} best ${best} us   median ${median} us\n`);
}
const [ownBest = 0, validatedBest = 0, theirBest = 0] = bests;
process.stdout.write(`drachtio-srf takes ${(theirBest / ownBest).toFixed(1)} times as long, `);
process.stdout.write(`${(theirBest / validatedBest).toFixed(1)} times as long as with validation\n`);
