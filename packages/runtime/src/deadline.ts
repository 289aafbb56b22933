import { CodedError } from "./errors.ts";

/**
 * Settles as `promise` does, or rejects with `DEADLINE_EXCEEDED` after `limitMs` milliseconds.
 * The work behind the promise is not stopped; give it the signal of an AbortController for that.
 */
export async function withDeadline<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new CodedError("DEADLINE_EXCEEDED", "operation took longer than its limit", { what, limitMs }));
  }, limitMs);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
