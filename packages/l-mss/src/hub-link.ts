import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import { nodeName } from "@mss/certificates";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { BranchSettings } from "@mss/model";
import { Rounds, pause, retry } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { BranchError } from "./errors.ts";
import { grantedSeconds } from "./granted-seconds.ts";
import type { HubRoute } from "./hub-route.ts";
import { unlessAborted } from "./unless-aborted.ts";

export type HubLinkState = "up" | "down";

export interface HubLinkTiming {
  /** Asked for in each REGISTER; the hub may grant less. Refreshed at half of what was granted. */
  readonly expiresSeconds: number;
  readonly requestTimeoutMs: number;
  /** Bounds of the growing, jittered pause between attempts while the hub is away. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
}

export const DEFAULT_TIMING: HubLinkTiming = {
  expiresSeconds: 60,
  requestTimeoutMs: 2_000,
  minRetryMs: 500,
  maxRetryMs: 10_000,
};

/** A hub that is gone when we stop must not hold up the stop. */
const DEREGISTER_TIMEOUT_MS = 1_000;

export interface HubLinkOptions {
  readonly settings: BranchSettings;
  readonly route: HubRoute;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly log: Logger;
  readonly timing?: Partial<HubLinkTiming>;
  readonly onState: (state: HubLinkState) => void;
}

/** The registration of one trunk at one hub, kept alive from `start` to `stop`. */
export class HubLink {
  readonly route: HubRoute;
  readonly #options: HubLinkOptions;
  #settings: BranchSettings;
  readonly #timing: HubLinkTiming;
  /** Undefined until the first attempt has come out, so that a hub that is away from the start is told as well. */
  #state: HubLinkState | undefined;
  #expiresSeconds: number;
  readonly #rounds: Rounds;
  /** A REGISTER is on its way. */
  #asking = false;
  /** The hub has a registration of ours, as far as we know. */
  #registered = false;

  constructor(options: HubLinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.route = options.route;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#expiresSeconds = this.#timing.expiresSeconds;
    this.#rounds = new Rounds({
      round: (signal) => this.#round(signal),
      onFailed: (error) => this.#failed(error),
      failurePauseMs: this.#timing.maxRetryMs,
    });
  }

  get state(): HubLinkState {
    return this.#state ?? "down";
  }

  start(): void {
    this.#rounds.start();
  }

  /** Asks the hub now instead of later. While it is being asked this changes nothing, however often it is called. */
  refresh(): void {
    if (!this.#asking) {
      this.#rounds.again();
    }
  }

  /** With another secret it registers again at once. */
  update(settings: BranchSettings): void {
    const isOther = settings.trunk.secret !== this.#settings.trunk.secret;
    this.#settings = settings;
    if (isOther) {
      this.refresh();
    }
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    if (this.#registered) {
      this.#registered = false;
      await this.#options.request({ ...this.#register(0), timeoutMs: DEREGISTER_TIMEOUT_MS });
    }
    this.#state = "down";
  }

  async #round(signal: AbortSignal): Promise<void> {
    const seconds = await this.#registerUntilGranted(signal);
    await pause((seconds * 1000) / 2, signal);
  }

  #failed(error: unknown): void {
    this.#options.log.error({ err: error, peer: this.route.hub.id }, "hub link failed");
    this.#set("down", error instanceof Error ? error : undefined);
  }

  #registerUntilGranted(signal: AbortSignal): Promise<number> {
    return retry(() => this.#attempt(signal), {
      retries: Infinity,
      minDelayMs: this.#timing.minRetryMs,
      maxDelayMs: this.#timing.maxRetryMs,
      signal,
      onFailedAttempt: (error) => this.#set("down", error),
    });
  }

  /** One REGISTER; resolves with the seconds granted. Rejects with `HUB_REFUSED` or `HUB_UNREACHABLE`. */
  async #attempt(signal: AbortSignal): Promise<number> {
    this.#asking = true;
    const outcome = await unlessAborted(this.#options.request(this.#register(this.#expiresSeconds)), signal);
    this.#asking = false;
    if (outcome.kind === "failed") {
      throw new BranchError("HUB_UNREACHABLE", { reason: outcome.failure });
    }
    if (outcome.status === 423) {
      const minimum = Number(outcome.header("Min-Expires"));
      this.#expiresSeconds = Number.isSafeInteger(minimum) && minimum > 0 ? minimum : this.#expiresSeconds;
    }
    if (outcome.status < 200 || outcome.status > 299) {
      throw new BranchError("HUB_REFUSED", { sip: outcome.status, reason: outcome.reason });
    }
    this.#registered = true;
    this.#set("up");
    return grantedSeconds(outcome, outcome.sentContact ?? this.#contact(), this.#expiresSeconds);
  }

  #register(expiresSeconds: number): OutgoingRequest {
    const { federation, id, trunk } = this.#settings;
    const aor = `<sip:${id}@${federation}>`;
    const { hub, address } = this.route;
    const proxy = namedHopOf(address, nodeName(hub.id, federation));
    return {
      method: "REGISTER",
      uri: sipUriOf(address),
      ...(proxy === undefined ? {} : { proxy }),
      headers: { From: aor, To: aor, Contact: this.#contact(), Expires: String(expiresSeconds) },
      credentials: { realm: federation, username: id, secret: trunk.secret },
      timeoutMs: this.#timing.requestTimeoutMs,
    };
  }

  /** The engine puts our address in the place of `localhost`: which one that is, depends on where the hub is. */
  #contact(): string {
    const { transport } = this.route.address;
    const parameter = transport === "udp" ? "" : `;transport=${transport}`;
    return `<sip:${this.#settings.id}@localhost${parameter}>`;
  }

  #set(state: HubLinkState, error?: Error): void {
    if (state === this.#state || this.#rounds.isStopping) {
      return;
    }
    this.#state = state;
    const { log, onState } = this.#options;
    const why = error instanceof BranchError ? { code: error.code, ...error.details } : {};
    log.info({ peer: this.route.hub.id, ...why }, state === "up" ? "hub link up" : "hub link down");
    onState(state);
  }
}
