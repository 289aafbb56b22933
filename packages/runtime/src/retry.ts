import pRetry from "p-retry";

export interface RetryOptions {
  /** How often to try again after the first failure; Infinity for ever. */
  readonly retries: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Ends the retrying; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Return false to give up at once on this error. */
  readonly shouldRetry?: (error: Error) => boolean;
  readonly onFailedAttempt?: (error: Error, attempt: number) => void;
}

/** Runs `attempt` until it succeeds, with an exponential, jittered pause between tries (p-retry). */
export function retry<T>(attempt: (attemptNumber: number) => Promise<T>, options: RetryOptions): Promise<T> {
  return pRetry(attempt, {
    retries: options.retries,
    minTimeout: options.minDelayMs,
    maxTimeout: options.maxDelayMs,
    randomize: true,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    shouldRetry: ({ error }) => options.shouldRetry?.(error) ?? true,
    onFailedAttempt: ({ error, attemptNumber }) => {
      options.onFailedAttempt?.(error, attemptNumber);
    },
  });
}
