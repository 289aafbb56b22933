import { withDeadline } from "./deadline.ts";

/** Something that is opened once and closed once. */
export interface Part {
  start(): Promise<void>;
  /** Idempotent. Resolves when everything the part owns is closed. */
  stop(): Promise<void>;
}

/** One part of a composition, under the name that appears in the log. */
export interface NamedPart {
  readonly name: string;
  readonly part: Part;
}

export interface ComposeOptions {
  /** How long one part may take to stop before the next one is stopped all the same, in milliseconds. */
  readonly stopLimitMs?: number;
  readonly onStopFailure?: (name: string, error: unknown) => void;
}

const STOP_LIMIT_MS = 10_000;

/**
 * Starts parts in order and stops them in reverse. If one fails to start, those already started are stopped again and
 * the failure is thrown. A part that fails to stop, or takes too long, is reported and does not hold up the others.
 */
export function compose(parts: readonly NamedPart[], options: ComposeOptions = {}): Part {
  const started: NamedPart[] = [];
  let stopping: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    for (let entry = started.pop(); entry !== undefined; entry = started.pop()) {
      try {
        await withDeadline(entry.part.stop(), options.stopLimitMs ?? STOP_LIMIT_MS, `stop ${entry.name}`);
      } catch (error) {
        options.onStopFailure?.(entry.name, error);
      }
    }
  }

  return {
    async start() {
      for (const entry of parts) {
        try {
          await entry.part.start();
        } catch (error) {
          await stopAll();
          throw error;
        }
        started.push(entry);
      }
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
