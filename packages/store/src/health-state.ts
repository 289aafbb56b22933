import { TypedEmitter } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { StoreHealth } from "./stores.ts";

type HealthEvents = { change: [StoreHealth] };

/** Up or down, and who wants to know. */
export class HealthState {
  readonly #emitter: TypedEmitter<HealthEvents>;
  readonly #log: Logger;
  #health: StoreHealth = "down";

  constructor(log: Logger) {
    this.#log = log;
    this.#emitter = new TypedEmitter<HealthEvents>((error) => {
      this.#log.error({ err: error }, "health listener failed");
    });
  }

  get(): StoreHealth {
    return this.#health;
  }

  set(health: StoreHealth): void {
    if (health !== this.#health) {
      this.#health = health;
      this.#emitter.emit("change", health);
    }
  }

  onChange(listener: (health: StoreHealth) => void): () => void {
    return this.#emitter.on("change", listener);
  }
}
