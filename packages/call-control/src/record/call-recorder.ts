import { randomUUID } from "node:crypto";
import type { CallRecord, OpenCall } from "@mss/model";
import type { Logger } from "@mss/runtime";
import type { TriedRoute } from "../bridge/tried.ts";
import type { EndedBy } from "../bridge/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";

/** Who calls whom, as it is logged and recorded. */
export interface CallParties {
  readonly sessionId: string;
  readonly from: string;
  readonly to: string;
  readonly origin: string;
  /** The call comes of a transfer: who asked for it. */
  readonly transferredBy?: string;
}

export interface RecorderOptions {
  readonly node: string;
  readonly log: Logger;
  /** Must not throw. */
  readonly onOpen: ((call: OpenCall) => void) | undefined;
  readonly onRecord: ((record: CallRecord) => Promise<void> | void) | undefined;
}

type CallEnd = Pick<CallRecord, "result" | "status" | "endedBy"> & { readonly code?: CallErrorCode };

/**
 * The life of one call in the log and as a record. Times of day are the time of the INVITE plus monotonic differences, so
 * that a clock that is set meanwhile changes no duration.
 */
export class CallRecorder {
  readonly id = randomUUID();
  readonly startedAt = new Date();
  readonly #options: RecorderOptions;
  readonly #started = performance.now();
  #log: Logger;
  #parties: CallParties = { sessionId: "0".repeat(32), from: "", to: "", origin: "unknown" };
  #target: string | undefined;
  #ringing: number | undefined;
  #answered: number | undefined;
  #end: CallEnd | undefined;
  readonly #tried: TriedRoute[] = [];

  constructor(options: RecorderOptions, callId: string) {
    this.#options = options;
    this.#log = options.log.child({ call: this.id, callId });
  }

  /** With the call's fields. */
  get log(): Logger {
    return this.#log;
  }

  start(parties: CallParties): void {
    this.#parties = parties;
    this.#log.info(parties, "call start");
    this.#options.onOpen?.(this.#openCall());
  }

  /** A target is called now. */
  calls(target: string): void {
    this.#target = target;
    this.#log.debug({ route: target }, "target is called");
  }

  /** Ways that did not lead to the callee. */
  passedOver(routes: readonly TriedRoute[]): void {
    this.#tried.push(...routes);
  }

  get tried(): readonly TriedRoute[] {
    return this.#tried;
  }

  rings(): void {
    this.#ringing ??= performance.now();
  }

  get isAnswered(): boolean {
    return this.#answered !== undefined;
  }

  /** What the caller was told, once the call is over. */
  get end(): { readonly status: number; readonly mayRing: boolean } {
    const { result, status, code = "INTERNAL" } = this.#end ?? { result: "failed", status: ERRORS.INTERNAL.sip };
    if (result === "answered") {
      return { status: ERRORS.NOT_REGISTERED.sip, mayRing: false };
    }
    const wasHeard = this.#ringing !== undefined && code !== "CALLER_CANCELLED" && code !== "PEER_AWAY";
    return { status, mayRing: !wasHeard && (ERRORS[code].tryNext || code === "CALLER_CANCELLED") };
  }

  /** Of a caller that comes by another way it is told once. */
  answered(target: string): void {
    if (this.isAnswered) {
      return;
    }
    this.#target = target;
    this.#answered = performance.now();
    this.#log.info({ route: target, ms: Math.round(this.#answered - this.#started) }, "call answered");
    this.#options.onOpen?.(this.#openCall());
  }

  /** Of an answered call. */
  ended(endedBy: EndedBy, code?: CallErrorCode): void {
    this.#finish({ result: "answered", status: 200, endedBy, ...(code === undefined ? {} : { code }) });
  }

  /** Of a call that nobody answered. `status` is what the caller saw. */
  failed(
    code: CallErrorCode,
    status: number,
    by: { readonly target?: string; readonly byTarget?: boolean } = {},
  ): void {
    this.#target = by.target ?? this.#target;
    const endedBy = code === "CALLER_CANCELLED" ? "caller" : by.byTarget === true ? "callee" : "system";
    this.#finish({ result: ERRORS[code].result, status, code, endedBy });
  }

  #finish(end: CallEnd): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#end = end;
    const now = performance.now();
    const record = this.#recordOf(end, now);
    const { result, status, code, endedBy, setupMs, durationMs } = record;
    this.#log.info(
      {
        ...this.#parties,
        route: this.#target,
        result,
        sip: status,
        code,
        endedBy,
        setupMs,
        durationMs,
        ...this.#ways(),
      },
      "call end",
    );
    void this.#give(record);
  }

  #recordOf(end: CallEnd, now: number): CallRecord {
    const settled = this.#answered ?? now;
    return {
      ...this.#known(),
      ...end,
      ...this.#ways(),
      endedAt: this.#timeOf(now),
      setupMs: Math.round(settled - this.#started),
      durationMs: Math.round(now - settled),
    };
  }

  /** Nothing where one way alone was tried: that is the target of the record. */
  #ways(): Pick<CallRecord, "tried"> {
    const isMore = this.#tried.length > 1 || this.#tried.some(({ route }) => route !== this.#target);
    return isMore ? { tried: [...this.#tried] } : {};
  }

  #openCall(): OpenCall {
    return {
      ...this.#known(),
      startedMs: this.#started,
      ...(this.#answered === undefined ? {} : { answeredMs: this.#answered }),
    };
  }

  /** What a record says from the beginning of the call. */
  #known(): Omit<OpenCall, "startedMs" | "answeredMs"> {
    return {
      id: this.id,
      node: this.#options.node,
      ...this.#parties,
      ...(this.#target === undefined ? {} : { target: this.#target }),
      startedAt: this.#timeOf(this.#started),
      ...(this.#ringing === undefined ? {} : { ringingAt: this.#timeOf(this.#ringing) }),
      ...(this.#answered === undefined ? {} : { answeredAt: this.#timeOf(this.#answered) }),
    };
  }

  #timeOf(monotonicMs: number): string {
    return new Date(this.startedAt.getTime() + monotonicMs - this.#started).toISOString();
  }

  async #give(record: CallRecord): Promise<void> {
    try {
      await this.#options.onRecord?.(record);
    } catch (err) {
      this.#log.error({ err, record }, "call record could not be given on"); // the line is the record of last resort
    }
  }
}
