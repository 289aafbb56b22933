import type { HealthState } from "../health-state.ts";
import type { StoreError } from "../errors.ts";
import type { RedisClient } from "./redis-client.ts";

const PROBE_INTERVAL_MS = 1_000;

export interface RedisHealthOptions {
  readonly client: RedisClient;
  readonly health: HealthState;
  /** A small write: a server that answers and takes no writes is of no use. Rejects with a StoreError. */
  readonly probe: () => Promise<unknown>;
  readonly toError: (error: unknown) => StoreError;
}

/**
 * Tells up from down by the call connection: down at once when it closes or a command gets no answer, up when a probe is
 * answered. While down, calls do not wait for Redis at all, so one that hangs costs the calls of one moment their limit.
 */
export class RedisHealthMonitor {
  readonly #options: RedisHealthOptions;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: RedisHealthOptions) {
    this.#options = options;
    options.client.on("ready", () => {
      void this.probe();
    });
    // One node of a cluster is lost: perhaps the one that has our keys.
    options.client.on("-node", () => {
      void this.probe();
    });
    options.client.on("close", () => {
      options.health.down();
    });
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      void this.probe();
    }, PROBE_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#options.health.down();
  }

  /** A command got no answer: down, until a probe is answered, which is tried at once. */
  suspect(reason: StoreError): void {
    this.#options.health.down(reason.code);
    void this.probe();
  }

  /** Resolves when it is known again whether Redis serves us. */
  probe(): Promise<void> {
    if (this.#options.client.status !== "ready") {
      return Promise.resolve();
    }
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #probe(): Promise<void> {
    const { health, probe, toError } = this.#options;
    try {
      await probe();
      health.up();
    } catch (error) {
      health.down(toError(error).code);
    }
  }
}
