import pino from "pino";
import type { DestinationStream, Logger } from "pino";

export type { Logger } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** Fields of every line, such as role, node and branch. Never from the network. */
  readonly base?: Readonly<Record<string, string>>;
  /** Where the lines go; standard error when absent, so that standard output stays free for results. */
  readonly destination?: DestinationStream;
}

/** Paths that may never reach a log line in clear. */
const REDACTED_PATHS = ["secret", "password", "authorization", "nonce", "token"].flatMap((key) => [key, `*.${key}`]);

/** What JSON leaves as it is and a terminal may obey: DEL, the C1 set, and what some take for the end of a line. SEC-32. */
const CONTROL = /[\u007f-\u009f\u2028\u2029]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The one logger of a process or of a node: JSON lines, ISO time, secrets redacted. Children by `log.child({ mod })`. */
export function createLog(options: LogOptions): Logger {
  const settings = {
    level: options.level,
    base: options.base ?? {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: "[redacted]" },
    hooks: { streamWrite: (line: string) => line.replaceAll(CONTROL, escaped) },
    serializers: { err: pino.stdSerializers.err },
  };
  return pino(settings, options.destination ?? pino.destination({ dest: 2, sync: false }));
}

/** A logger that writes nothing, for tests and for library defaults. */
export function silentLog(): Logger {
  return pino({ level: "silent" });
}
