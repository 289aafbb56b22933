import { StoreError } from "../errors.ts";
import type { StoreErrorCode } from "../errors.ts";
import type { RedisAddress } from "./redis-url.ts";

/** First words of error replies, by what they mean to a caller. Everything else that Redis replies is STORE_FAILED. */
const REPLY_CODES: Readonly<Record<string, StoreErrorCode>> = {
  NOAUTH: "STORE_ACCESS_DENIED",
  WRONGPASS: "STORE_ACCESS_DENIED",
  NOPERM: "STORE_ACCESS_DENIED",
  WRONGTYPE: "STORE_CORRUPT",
  // Redis answers, but cannot serve now: restarting, failing over, out of memory or disk.
  LOADING: "STORE_UNAVAILABLE",
  READONLY: "STORE_UNAVAILABLE",
  MASTERDOWN: "STORE_UNAVAILABLE",
  CLUSTERDOWN: "STORE_UNAVAILABLE",
  TRYAGAIN: "STORE_UNAVAILABLE",
  MOVED: "STORE_UNAVAILABLE",
  ASK: "STORE_UNAVAILABLE",
  BUSY: "STORE_UNAVAILABLE",
  MISCONF: "STORE_UNAVAILABLE",
  NOREPLICAS: "STORE_UNAVAILABLE",
  OOM: "STORE_UNAVAILABLE",
};

/** Turns what ioredis throws into a StoreError; one that is a StoreError already passes as it is. */
export function toStoreError(error: unknown, operation: string, address: RedisAddress): StoreError {
  if (error instanceof StoreError) {
    return error;
  }
  const original = innermost(error);
  const cause = withoutSecrets(original, address);
  return new StoreError(
    isUntrusted(original) ? "STORE_UNTRUSTED" : codeOf(cause),
    { operation, endpoint: address.endpoint },
    { cause },
  );
}

function codeOf(error: Error): StoreErrorCode {
  if (error.name !== "ReplyError") {
    return "STORE_UNAVAILABLE"; // everything that is not an answer of Redis is a failure to get one
  }
  const first = error.message.split(" ", 1)[0] ?? "";
  if (/user executing the script can't/.test(error.message)) {
    return "STORE_ACCESS_DENIED";
  }
  // A script that fails inside a command repeats the reply: "ERR WRONGTYPE …", "ERR Error running script … @user_script: READONLY …".
  const named = Object.keys(REPLY_CODES).find((word) => new RegExp(`\\b${word}\\b`).test(error.message));
  return REPLY_CODES[first] ?? REPLY_CODES[named ?? ""] ?? "STORE_FAILED";
}

/** A cluster says that no node could be used; the last node says why. */
function innermost(error: unknown): Error {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const lastNode: unknown = Reflect.get(thrown, "lastNodeError");
  return lastNode instanceof Error ? lastNode : thrown;
}

/** Codes of Node for a server's certificate that does not verify, or is of another name. */
const UNTRUSTED = /^(?:ERR_TLS_CERT|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_|UNABLE_TO_(?:VERIFY|GET_ISSUER))/;

function isUntrusted(error: Error): boolean {
  const code: unknown = Reflect.get(error, "code");
  return typeof code === "string" && UNTRUSTED.test(code);
}

/**
 * A copy of an error that is safe to log. Errors of ioredis carry the command with its arguments, which for AUTH and
 * HELLO are the password; and old servers repeat arguments in the message.
 */
function withoutSecrets(original: Error, address: RedisAddress): Error {
  const clean = new Error(masked(describe(original), address.password));
  clean.name = original.name;
  clean.stack = masked(original.stack ?? "", address.password);
  return clean;
}

function describe(error: Error): string {
  const code: unknown = Reflect.get(error, "code");
  // Node leaves the message empty when every address of a host refused.
  return error.message !== "" ? error.message : typeof code === "string" ? code : error.name;
}

function masked(text: string, secret: string | undefined): string {
  return secret === undefined || secret === "" ? text : text.replaceAll(secret, "[redacted]");
}
