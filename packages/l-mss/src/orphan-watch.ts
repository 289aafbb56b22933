import type { ActiveCall, CallControl } from "@mss/call-control";
import type { HubId } from "@mss/model";
import type { Logger, Part } from "@mss/runtime";
import type { HubLinkState } from "./hub-link.ts";

export interface OrphanWatchOptions {
  readonly calls: () => Pick<CallControl, "activeCalls" | "endCall" | "verifyCall">;
  readonly log: Logger;
  readonly timing?: Partial<OrphanTiming> | undefined;
}

export interface OrphanTiming {
  /** For the calling branch to bring a call that is being set up by another hub. */
  readonly settingUpMs: number;
  /** The same for one that is up. */
  readonly upMs: number;
  /** The same when the hub is back; then it is asked whether it has the call still. */
  readonly verifyMs: number;
}

/** By then the calling branch has given up as well (`RESCUE_LIMIT_MS` of call-control), with a little more for its last attempt. */
const DEFAULT_TIMING: OrphanTiming = { settingUpMs: 6_000, upMs: 125_000, verifyMs: 30_000 };

/**
 * Ends the calls that a hub has brought here and that nobody has brought by another way since the hub was lost. Phones talk with
 * each other meanwhile: their media do not pass the hub.
 */
export class OrphanWatch implements Part {
  readonly #options: OrphanWatchOptions;
  readonly #timing: OrphanTiming;
  readonly #timers = new Map<HubId, readonly NodeJS.Timeout[]>();

  constructor(options: OrphanWatchOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
  }

  async start(): Promise<void> {}

  onHub(hub: HubId, state: HubLinkState): void {
    if (state === "up") {
      this.#hubUp(hub);
    } else {
      this.#hubDown(hub);
    }
  }

  #hubDown(hub: HubId): void {
    const { settingUpMs, upMs } = this.#timing;
    this.#clear(hub);
    const lost = new Set(this.#callsOf(hub).map(({ id }) => id));
    if (lost.size === 0) {
      return;
    }
    const end = (isDue: (call: ActiveCall) => boolean): void => {
      for (const call of this.#callsOf(hub).filter(({ id }) => lost.has(id))) {
        if (isDue(call)) {
          this.#options.log.info({ call: call.id, peer: hub }, "call ends, its hub is lost");
          this.#options.calls().endCall(call.id, "PEER_AWAY");
        }
      }
    };
    this.#timers.set(hub, [
      setTimeout(() => end(({ state }) => state !== "answered"), settingUpMs).unref(),
      setTimeout(() => {
        this.#timers.delete(hub);
        end(() => true);
      }, upMs).unref(),
    ]);
  }

  /** It may have forgotten its calls. */
  #hubUp(hub: HubId): void {
    this.#clear(hub);
    const known = new Set(this.#callsOf(hub).map(({ id }) => id));
    if (known.size > 0) {
      this.#timers.set(hub, [setTimeout(() => this.#verify(hub, known), this.#timing.verifyMs).unref()]);
    }
  }

  #verify(hub: HubId, known: ReadonlySet<string>): void {
    this.#timers.delete(hub);
    for (const { id, state } of this.#callsOf(hub)) {
      if (known.has(id) && state === "answered") {
        this.#options.calls().verifyCall(id);
      }
    }
  }

  async stop(): Promise<void> {
    for (const hub of this.#timers.keys()) {
      this.#clear(hub);
    }
  }

  #clear(hub: HubId): void {
    for (const timer of this.#timers.get(hub) ?? []) {
      clearTimeout(timer);
    }
    this.#timers.delete(hub);
  }

  #callsOf(hub: HubId): readonly ActiveCall[] {
    return this.#options
      .calls()
      .activeCalls()
      .filter(({ origin }) => origin === `hub:${hub}`);
  }
}
