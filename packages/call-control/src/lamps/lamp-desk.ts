import type { Logger } from "@mss/runtime";
import { reasonHeaderOf } from "../bridge/failure.ts";
import { callerHeaders } from "../bridge/identity.ts";
import type { CallTarget } from "../bridge/types.ts";
import type { CallLimits } from "../call-control-types.ts";
import type { Occupancy } from "../calls/occupancy.ts";
import { mergeHeaders } from "../drachtio/header-text.ts";
import { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { IncomingRequest, SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import { DIALOG_INFO } from "./dialog-info.ts";
import { Lamp } from "./lamp.ts";
import type { LampPlan, WatchRoute } from "./types.ts";
import { Watcher } from "./watcher.ts";

export interface LampDeskOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly occupancy: Occupancy;
  readonly watch: WatchRoute;
  readonly limits: Required<CallLimits>;
}

const MIN_EXPIRES_SECONDS = 60;
/** A branch that was killed and came back has no subscriptions: phones find out when they refresh, and subscribe again. */
const MAX_EXPIRES_SECONDS = 600;
const DIGITS = /^[0-9]{1,10}$/;

/** Expiry to be granted; `tooBrief` for 423. RFC 6665 §4.2.1.1. */
function expiresOf(request: IncomingRequest): number | "tooBrief" {
  const asked = request.header("Expires") ?? "";
  const seconds = DIGITS.test(asked) ? Number(asked) : MAX_EXPIRES_SECONDS;
  return seconds > 0 && seconds < MIN_EXPIRES_SECONDS ? "tooBrief" : Math.min(seconds, MAX_EXPIRES_SECONDS);
}

/** Within a subscription nothing is too brief. */
function granted(request: IncomingRequest): number {
  const seconds = expiresOf(request);
  return seconds === "tooBrief" ? MIN_EXPIRES_SECONDS : seconds;
}

function accepts(request: IncomingRequest): boolean {
  const types = (request.header("Accept") ?? DIALOG_INFO).toLowerCase().split(",");
  return types.some((type) => [DIALOG_INFO, "application/*", "*/*"].includes(type.split(";")[0]?.trim() ?? ""));
}

/** Takes SUBSCRIBE to the `dialog` event package: who watches which number, and what they are shown. RFC 4235, RFC 6665. */
export class LampDesk {
  readonly #options: LampDeskOptions;
  readonly #lamps = new Map<string, Lamp>();
  readonly #watchers = new Set<Watcher>();
  readonly #watchersOf = new Map<string, number>();
  readonly #noLongerTold: () => void;
  #stopping = false;

  constructor(options: LampDeskOptions) {
    this.#options = options;
    this.#noLongerTold = options.occupancy.onChange((label) => this.#onChange(label));
  }

  /** Subscriptions that are up. */
  get size(): number {
    return this.#watchers.size;
  }

  /** A registration came, or was taken back: of that party, or of any when absent. */
  look(label?: string): void {
    for (const lamp of this.#lamps.values()) {
      if (label === undefined || lamp.label === label) {
        lamp.look();
      }
    }
  }

  /** Every watcher is told to subscribe again, which it does at the node that comes next. */
  stop(): void {
    this.#stopping = true;
    this.#noLongerTold();
    for (const watcher of this.#watchers) {
      watcher.end("deactivated", "unreachable");
    }
    for (const lamp of this.#lamps.values()) {
      lamp.stop();
    }
    this.#lamps.clear();
  }

  /** The engine is away, and with it every dialog. */
  forget(): void {
    for (const watcher of this.#watchers) {
      watcher.forget();
    }
  }

  async receive(request: IncomingRequest): Promise<void> {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      request.reply(...refusal);
      return;
    }
    const verdict = await this.#options.watch(request);
    if (verdict.kind === "reply") {
      const { status, reason, headers, code } = verdict;
      const told = { ...(reason === undefined ? {} : { reason }), ...(headers === undefined ? {} : { headers }) };
      this.#refuse(request, code, { status, ...told });
    } else if (this.#isFull(verdict.ctx)) {
      this.#refuse(request, "NODE_FULL", { status: ERRORS.NODE_FULL.sip });
    } else {
      await this.#admit(request, verdict.ctx);
    }
  }

  #refusalOf(request: IncomingRequest): Parameters<IncomingRequest["reply"]> | undefined {
    const event = (request.header("Event") ?? "").split(";")[0]?.trim().toLowerCase();
    if (event !== "dialog") {
      return [489, { headers: { "Allow-Events": "dialog" } }];
    }
    if (!accepts(request)) {
      return [406, { headers: { Accept: DIALOG_INFO } }];
    }
    if (expiresOf(request) === "tooBrief") {
      return [423, { headers: { "Min-Expires": String(MIN_EXPIRES_SECONDS) } }];
    }
    if (request.maxForwards === 0) {
      return [483];
    }
    return this.#stopping ? [503, { headers: this.#retryAfter() }] : undefined;
  }

  #retryAfter(): SipHeaders {
    return { "Retry-After": String(this.#options.limits.retryAfterSeconds) };
  }

  #refuse(
    request: IncomingRequest,
    code: CallErrorCode | undefined,
    told: { readonly status: number; readonly reason?: string; readonly headers?: SipHeaders },
  ): void {
    const { status, reason, headers = {} } = told;
    const why: SipHeaders = code === undefined ? {} : { Reason: reasonHeaderOf(code) };
    const ours = status === 503 ? { ...this.#retryAfter(), ...why } : why;
    request.reply(status, { headers: mergeHeaders(ours, headers), ...(reason === undefined ? {} : { reason }) });
  }

  #isFull({ origin, trusted }: LampPlan): boolean {
    const { maxSubscriptions, maxSubscriptionsPerWatcher } = this.#options.limits;
    const own = this.#watchersOf.get(origin) ?? 0;
    return this.#watchers.size >= maxSubscriptions || (trusted !== true && own >= maxSubscriptionsPerWatcher);
  }

  async #admit(request: IncomingRequest, plan: LampPlan): Promise<void> {
    const lamp = this.#lamps.get(plan.key) ?? this.#light(request, plan);
    const refusal = await lamp.ready;
    if (refusal !== undefined && refusal !== ERRORS.PEER_AWAY.sip) {
      this.#refuse(request, undefined, { status: refusal });
    } else if (request instanceof ServerTransaction) {
      this.#answer(request, plan, lamp);
    }
  }

  #light(request: IncomingRequest, plan: LampPlan): Lamp {
    const { server, log, occupancy, limits } = this.#options;
    const from = request.from;
    const lamp: Lamp = new Lamp({
      server,
      log,
      occupancy,
      source: plan.source,
      refreshMs: limits.lampRefreshMs,
      headersFor: (target: CallTarget) => ({
        ...callerHeaders({
          plan: { origin: plan.origin, steps: [], ...(plan.trusted === true ? { trusted: true } : {}) },
          target,
          from,
          isHidden: false,
          read: () => undefined,
        }),
        "Max-Forwards": String(request.maxForwards - 1),
      }),
      retryAfterSeconds: limits.lampRetrySeconds,
      onOver: () => {
        if (this.#lamps.get(plan.key) === lamp) {
          this.#lamps.delete(plan.key);
        }
      },
    });
    this.#lamps.set(plan.key, lamp);
    lamp.start();
    return lamp;
  }

  #answer(request: ServerTransaction, plan: LampPlan, lamp: Lamp): void {
    const seconds = granted(request);
    request.answer({ headers: { Expires: String(seconds) } }, (outcome) => {
      if (outcome.kind === "lost") {
        lamp.leaveIfUnwatched();
        return;
      }
      const watcher = new Watcher({
        server: this.#options.server,
        log: this.#options.log,
        dialogId: outcome.dialogId,
        event: request.header("Event") ?? "dialog",
        entity: request.to.uri,
        origin: plan.origin,
        expiresSeconds: Math.max(seconds, 1),
        expiresOf: granted,
        onOver: () => {
          this.#count(plan.origin, -1);
          this.#watchers.delete(watcher);
          lamp.remove(watcher);
        },
      });
      this.#watchers.add(watcher);
      this.#count(plan.origin, 1);
      lamp.add(watcher);
      if (seconds === 0) {
        watcher.end("timeout"); // a look, and no more: RFC 6665 §4.4.3
      }
    });
  }

  #count(origin: string, by: 1 | -1): void {
    const left = (this.#watchersOf.get(origin) ?? 0) + by;
    if (left > 0) {
      this.#watchersOf.set(origin, left);
    } else {
      this.#watchersOf.delete(origin);
    }
  }

  #onChange(label: string): void {
    this.look(label);
  }
}
