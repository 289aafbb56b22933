import type { CallRecord } from "@mss/model";
import { csvLine } from "./csv.ts";
import type { JoinedCall } from "./joined-call.ts";
import { safeJson, safeText } from "./safe-text.ts";

export const RECORD_FORMATS = ["json", "csv", "table"] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** How records, or calls, are written: one line each, and what comes before the first. */
export interface Writer<Value> {
  readonly head: string;
  line(value: Value): string;
}

const RECORD_COLUMNS = [
  "startedAt",
  "sessionId",
  "node",
  "from",
  "to",
  "origin",
  "target",
  "transferredBy",
  "result",
  "status",
  "code",
  "ringingAt",
  "answeredAt",
  "endedAt",
  "endedBy",
  "setupMs",
  "durationMs",
  "id",
] as const satisfies readonly (keyof CallRecord)[];

const CALL_COLUMNS = [
  "startedAt",
  "sessionId",
  "from",
  "to",
  "origin",
  "target",
  "result",
  "status",
  "answeredAt",
  "endedAt",
  "endedBy",
  "setupMs",
  "durationMs",
] as const satisfies readonly (keyof JoinedCall)[];

/** Start, from, to, way, duration. */
const WIDTHS = [26, 20, 10, 24, 10] as const;

/** JSON is one record a line, as `mss topology plan --replay` reads it. */
export const RECORD_WRITERS: Readonly<Record<RecordFormat, Writer<CallRecord>>> = {
  json: { head: "", line: (record) => `${safeJson(record)}\n` },
  csv: {
    head: csvLine(RECORD_COLUMNS),
    line: (record) => csvLine(RECORD_COLUMNS.map((column) => record[column])),
  },
  table: {
    head: tableLine("node", "start", "from", "to", "duration", "result"),
    line: (record) => tableRow(record.node, record),
  },
};

export const CALL_WRITERS: Readonly<Record<RecordFormat, Writer<JoinedCall>>> = {
  json: { head: "", line: (call) => `${safeJson(call)}\n` },
  csv: {
    head: csvLine([...CALL_COLUMNS, "nodes", "records"]),
    line: (call) => csvLine([...CALL_COLUMNS.map((column) => call[column]), call.nodes.join(" > "), call.legs.length]),
  },
  table: {
    head: tableLine("way", "start", "from", "to", "duration", "result"),
    line: (call) => tableRow(call.nodes.join(" > "), call),
  },
};

function tableRow(where: string, call: CallRecord | JoinedCall): string {
  const { startedAt, from, to, result, status, endedBy, durationMs } = call;
  const outcome = result === "answered" ? result : `${result} ${status}`;
  const duration = result === "answered" ? clockOf(durationMs) : "";
  return tableLine(where, startedAt, from, to, duration, endedBy === "crash" ? `${outcome}, crash` : outcome);
}

function tableLine(where: string, ...[start, from, to, duration, outcome]: readonly string[]): string {
  const cells = [start, from, to, where, duration].map((text, index) =>
    safeText(text ?? "").padEnd(WIDTHS[index] ?? 0),
  );
  return `${cells.join("  ")}  ${safeText(outcome ?? "")}\n`;
}

/** `1:02:03`, `4:05`. */
function clockOf(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(seconds % 60)}` : `${minutes}:${padded(seconds % 60)}`;
}

function padded(value: number): string {
  return String(value).padStart(2, "0");
}
