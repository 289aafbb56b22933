import type { Binding } from "@mss/model";
import { steadyNowMs, withDeadline } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";

/** What takes over who is known. */
export interface KnowingEngine {
  know(source: Binding["source"], seconds: number): void;
}

export interface KnownSourcesOptions {
  readonly engine: KnowingEngine;
  /** What is registered, as the store has it. */
  readonly bindings: (nowMs: number) => Promise<readonly Binding[]>;
  readonly log: Logger;
}

const STORE_LIMIT_MS = 2_000; // a node does not wait longer for who was known to it
const MILLISECONDS = 1000;

/**
 * Tells an engine, before it hears anybody, from where phones or trunks are registered: after a restart in the middle of a
 * flood they are no strangers. Goes between the store and the engine. A store that fails costs that knowledge only.
 */
export function knownSources({ engine, bindings, log }: KnownSourcesOptions): Part {
  return {
    async start() {
      const nowMs = steadyNowMs();
      try {
        const stored = await withDeadline(bindings(nowMs), STORE_LIMIT_MS, "read registrations");
        for (const { source, expiresAt } of stored) {
          engine.know(source, (expiresAt - nowMs) / MILLISECONDS);
        }
        log.debug({ registrations: stored.length }, "sources of registrations are known");
      } catch (err) {
        log.warn({ err }, "registrations cannot be read: their phones are strangers until they register again");
      }
    },
    async stop() {
      // nothing is kept
    },
  };
}
