import { z } from "zod";
import { LOG_LEVELS } from "@mss/runtime";

const configSchema = z.object({
  /** The hub's shared store; memory when absent. */
  REDIS_URL: z
    .string()
    .regex(/^rediss?(?:-sentinel|-cluster)?:\/\//, "must be a URL such as redis://127.0.0.1:6379")
    .optional(),
  /** Overrides the log level of the topology file. */
  MSS_LOG_LEVEL: z.enum(LOG_LEVELS).optional(),
  /** Of the private key that signs topologies. */
  MSS_KEY_PASSPHRASE: z.string().max(1_000).optional(),
  /** In how many processes a hub runs, where the command line says nothing. */
  MSS_WORKERS: z
    .string()
    .regex(/^(?:[1-9]|[1-5]\d|6[0-4])$/, "must be a whole number from 1 to 64")
    .optional(),
  /** A drachtio-server to run one node on, instead of the embedded engine: `drachtio://:secret@127.0.0.1:9022`. */
  DRACHTIO_URL: z
    .url({ protocol: /^drachtio$/, error: "must be a URL such as drachtio://:secret@127.0.0.1:9022" })
    .optional(),
});

export interface Config {
  readonly redisUrl?: string;
  readonly logLevel?: (typeof LOG_LEVELS)[number];
  /** Of the private key that signs topologies; never logged. */
  readonly keyPassphrase?: string;
  readonly workers?: number;
  readonly drachtio?: { readonly host: string; readonly port: number; readonly secret: string };
}

export type ConfigOutcome =
  { readonly kind: "ok"; readonly config: Config } | { readonly kind: "faulty"; readonly faults: readonly string[] };

const DRACHTIO_PORT = 9022;

function drachtioOf(text: string): NonNullable<Config["drachtio"]> {
  const url = new URL(text);
  return {
    host: url.hostname,
    port: url.port === "" ? DRACHTIO_PORT : Number(url.port),
    secret: decodeURIComponent(url.password),
  };
}

/** What the environment says; a value that makes no sense is a line that names the variable, and nothing is guessed. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ConfigOutcome {
  // An empty variable means the same as none: that is how compose files and unit files switch one off.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = configSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `environment variable ${path.join(".")}: ${message}`);
    return { kind: "faulty", faults };
  }
  const { REDIS_URL, MSS_LOG_LEVEL, MSS_KEY_PASSPHRASE, MSS_WORKERS, DRACHTIO_URL } = parsed.data;
  const config: Config = {
    ...(REDIS_URL === undefined ? {} : { redisUrl: REDIS_URL }),
    ...(MSS_LOG_LEVEL === undefined ? {} : { logLevel: MSS_LOG_LEVEL }),
    ...(MSS_KEY_PASSPHRASE === undefined ? {} : { keyPassphrase: MSS_KEY_PASSPHRASE }),
    ...(MSS_WORKERS === undefined ? {} : { workers: Number(MSS_WORKERS) }),
    ...(DRACHTIO_URL === undefined ? {} : { drachtio: drachtioOf(DRACHTIO_URL) }),
  };
  return { kind: "ok", config };
}
