import { isIP } from "node:net";
import { StoreError } from "../errors.ts";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** `host:port`, for logs and error details. */
  readonly endpoint: string;
}

const DEFAULT_PORT = 6379;
const DATABASE_PATH = /^\/?(\d{0,4})$/;

/**
 * Reads `redis://user:password@host:port/database`, or `rediss:` for TLS. Throws `STORE_BAD_URL`, without the URL,
 * since that may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.parse(text);
  const database = url === null ? null : DATABASE_PATH.exec(url.pathname);
  if (url === null || !["redis:", "rediss:"].includes(url.protocol) || url.hostname === "" || database === null) {
    throw new StoreError("STORE_BAD_URL", { form: "redis://[user:password@]host[:port][/database]" });
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  return {
    host,
    port,
    database: Number(database[1] ?? 0),
    tls: url.protocol === "rediss:",
    ...(url.username === "" ? {} : { username: decoded(url.username) }),
    ...(url.password === "" ? {} : { password: decoded(url.password) }),
    endpoint: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new StoreError("STORE_BAD_URL", { reason: "user or password is not percent-encoded UTF-8" });
  }
}
