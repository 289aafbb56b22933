import type { Redis } from "ioredis";
import type { HealthState } from "../health-state.ts";

const PROBE_INTERVAL_MS = 1_000;

/**
 * Tells up from down by the call connection: down at once when it closes or a command gets no answer, up when it is
 * ready and answers a PING. While down, calls do not wait for Redis at all, so one that hangs costs one call 250 ms.
 */
export class RedisHealthMonitor {
  readonly #redis: Redis;
  readonly #health: HealthState;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;

  constructor(redis: Redis, health: HealthState) {
    this.#redis = redis;
    this.#health = health;
    redis.on("ready", () => {
      this.#health.set("up");
    });
    redis.on("close", () => {
      this.#health.set("down");
    });
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#probe();
    }, PROBE_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#health.set("down");
  }

  /** A command got no answer: down, until a PING is answered, which is tried at once. */
  suspect(): void {
    this.#health.set("down");
    this.#probe();
  }

  #probe(): void {
    if (this.#probing || this.#redis.status !== "ready") {
      return;
    }
    this.#probing = true;
    void this.#ping();
  }

  async #ping(): Promise<void> {
    try {
      await this.#redis.ping();
      this.#health.set("up");
    } catch {
      this.#health.set("down"); // why is in the log already, from the connection
    } finally {
      this.#probing = false;
    }
  }
}
