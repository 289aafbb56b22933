import { TypedEmitter } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { StoreErrorCode } from "./errors.ts";
import type { StoreHealth } from "./stores.ts";

type HealthEvents = { change: [StoreHealth] };

/** Up or down, why it is down, and who wants to know. */
export class HealthState {
  readonly #emitter: TypedEmitter<HealthEvents>;
  readonly #log: Logger;
  #health: StoreHealth = "down";
  #reason: StoreErrorCode | undefined;

  constructor(log: Logger) {
    this.#log = log;
    this.#emitter = new TypedEmitter<HealthEvents>((error) => {
      this.#log.error({ err: error }, "health listener failed");
    });
  }

  get(): StoreHealth {
    return this.#health;
  }

  /** Of the last failure while down. */
  reason(): StoreErrorCode | undefined {
    return this.#health === "down" ? this.#reason : undefined;
  }

  /** What is known of a failure that did not itself take the store down. */
  explain(reason: StoreErrorCode): void {
    this.#reason = reason;
  }

  up(): void {
    this.#set("up");
  }

  down(reason?: StoreErrorCode): void {
    this.#reason = reason ?? this.#reason;
    this.#set("down");
  }

  onChange(listener: (health: StoreHealth) => void): () => void {
    return this.#emitter.on("change", listener);
  }

  #set(health: StoreHealth): void {
    if (health !== this.#health) {
      this.#health = health;
      this.#emitter.emit("change", health);
    }
  }
}
