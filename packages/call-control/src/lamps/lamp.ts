import type { Logger } from "@mss/runtime";
import type { CallTarget } from "../bridge/types.ts";
import type { Occupancy } from "../calls/occupancy.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { LampState } from "./dialog-info.ts";
import { OwnLamp } from "./own-lamp.ts";
import { RemoteLamp } from "./remote-lamp.ts";
import type { LampSource } from "./types.ts";
import type { Watcher } from "./watcher.ts";

export interface LampOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly occupancy: Occupancy;
  readonly source: LampSource;
  readonly refreshMs: number;
  readonly headersFor: (target: CallTarget) => SipHeaders;
  readonly retryAfterSeconds: number;
  readonly onOver: () => void;
}

const REQUEST_LIMIT_MS = 4_000;

/** One watched number: where its state comes from, and who is shown it. It is there while somebody watches. */
export class Lamp {
  readonly #options: LampOptions;
  readonly #watchers = new Set<Watcher>();
  readonly #source: OwnLamp | RemoteLamp;
  readonly #ready = Promise.withResolvers<number | undefined>();
  #state: LampState | undefined;
  #isLost = false;

  constructor(options: LampOptions) {
    const { server, log, occupancy, source, refreshMs, headersFor } = options;
    this.#options = options;
    const onState = (state: LampState): void => this.#onState(state);
    this.#source =
      source.kind === "own"
        ? new OwnLamp({
            log,
            occupancy: () => occupancy.stateOf(source.label),
            registeredUntil: source.registeredUntil,
            onState,
          })
        : new RemoteLamp({
            server,
            log,
            locate: source.locate,
            headersFor,
            refreshMs,
            requestLimitMs: REQUEST_LIMIT_MS,
            onState,
            onLost: (status) => this.#onLost(status),
          });
  }

  /** Resolves when there is a state to show: with nothing, or with the status by which the number was refused. */
  get ready(): Promise<number | undefined> {
    return this.#ready.promise;
  }

  /** Whose calls it shows; undefined for a number of another node. */
  get label(): string | undefined {
    return this.#options.source.kind === "own" ? this.#options.source.label : undefined;
  }

  start(): void {
    this.#source.start();
  }

  look(): void {
    if (this.#source instanceof OwnLamp) {
      this.#source.look();
    }
  }

  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#isLost) {
      this.#darken(watcher);
    } else if (this.#state !== undefined) {
      watcher.show(this.#state);
    }
  }

  remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    this.leaveIfUnwatched();
  }

  leaveIfUnwatched(): void {
    if (this.#watchers.size === 0) {
      this.stop();
    }
  }

  stop(): void {
    this.#source.stop();
    this.#options.onOver();
  }

  #onState(state: LampState): void {
    this.#state = state;
    this.#ready.resolve(undefined);
    for (const watcher of this.#watchers) {
      watcher.show(state);
    }
  }

  /** Nobody knows the state any more: the lamps go dark, and are asked for again after a while. */
  #onLost(status: number): void {
    this.#isLost = true;
    this.#ready.resolve(status);
    this.#options.onOver();
    for (const watcher of this.#watchers) {
      this.#darken(watcher);
    }
  }

  #darken(watcher: Watcher): void {
    watcher.end({ retryAfterSeconds: this.#options.retryAfterSeconds }, "unreachable");
  }
}
