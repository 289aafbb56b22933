import type { Logger } from "@mss/runtime";
import type { LegAnswer } from "../bridge/callee-leg.ts";
import { mediaOf } from "../bridge/dialog-side.ts";
import type { DialogSide } from "../bridge/dialog-side.ts";
import { reasonHeaderOf } from "../bridge/failure.ts";
import { Opening, calleeSide } from "../bridge/opening.ts";
import type { OpeningOptions } from "../bridge/opening.ts";
import { reinvite } from "../bridge/reinvite.ts";
import { Session } from "../bridge/session.ts";
import type { SessionEvents } from "../bridge/session.ts";
import type { SessionInterval } from "../bridge/session-timer.ts";
import type { EndedBy, Party } from "../bridge/types.ts";
import type { ServerTransaction } from "../drachtio/server-transaction.ts";
import type { SipServerCore } from "../drachtio/sip-server.ts";
import type { SipHeaders } from "../drachtio/types.ts";
import type { CallerLeg } from "./caller-leg.ts";

export interface ConnectionOptions {
  readonly server: SipServerCore;
  readonly log: Logger;
  readonly interval: SessionInterval;
  /** The one that is to be answered now. */
  readonly caller: () => CallerLeg;
  readonly callerParty: () => Party;
  readonly onRefer: SessionEvents["onRefer"] | undefined;
  readonly events: ConnectionEvents;
}

/** `onEnd` or `onLost` comes at most once, and nothing after it. */
export interface ConnectionEvents {
  /** The caller has its answer: the first one, or one that came by another way. */
  onOpen(session: Session): void;
  onEnd(endedBy: EndedBy): void;
  /** See `SessionEvents.onCalleeLost`. */
  onCalleeLost(): boolean;
  /** The callee is hung up, or has hung up, before the caller had its answer. */
  onLost(endedBy: EndedBy): void;
}

const VERIFY_LIMIT_MS = 10_000;

/**
 * A call from the callee's answer to its end. The caller may change its way meanwhile: it is then answered with what the
 * callee has said of its media, or with what the callee says to another offer.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #answer: LegAnswer;
  #callee: DialogSide;
  #opening: Opening | undefined;
  #session: Session | undefined;
  /** The callee is asked for its answer to another offer. */
  #reinviting: { stop(): void } | undefined;
  /** Another caller waits until the first one has its answer. */
  #isCallerNew = false;
  #isOver = false;

  constructor(options: ConnectionOptions, answer: LegAnswer, callee: Party) {
    const { server, log } = options;
    this.#options = options;
    this.#answer = answer;
    this.#callee = calleeSide({ server, log, answer }, callee);
  }

  start(): void {
    const { response, offered } = this.#answer;
    const caller = this.#options.caller();
    const owedAck = caller.isDelayed ? response : undefined;
    if (owedAck === undefined) {
      response.ack();
    }
    if (offered === caller.invite.body) {
      this.#open({ owedAck, response });
    } else {
      this.#offerAnew(); // the caller came by another way while it rang, and offers something else
    }
  }

  /** Somebody is about to be put in the place of one of the two. */
  get isBeingReplaced(): boolean {
    return this.#session?.isBeingReplaced === true;
  }

  /** The caller has come by another way. */
  callerChanged(): void {
    const session = this.#session;
    if (session === undefined) {
      this.#isCallerNew = true;
      return;
    }
    const [caller] = session.sides;
    const { owedAck } = session.handOver(caller);
    this.#session = undefined;
    const { body } = this.#options.caller().invite;
    const isKnown = body === "" ? owedAck !== undefined : body === caller.media?.body;
    if (isKnown) {
      this.#open({ owedAck, response: this.#answer.response });
    } else {
      owedAck?.ack();
      this.#offerAnew();
    }
  }

  /** The callee is reached by another way; its phone is the same. False when nobody waits for it any more. */
  calleeChanged(answer: LegAnswer, callee: Party): boolean {
    const session = this.#session;
    if (session === undefined || this.#isOver || session.isBeingReplaced) {
      return false;
    }
    const { server, log } = this.#options;
    const [caller, before] = session.sides;
    const { owedAck } = session.handOver(before);
    owedAck?.ack();
    answer.response.ack();
    this.#callee = calleeSide({ server, log, answer }, callee);
    if (this.#callee.media?.body !== before.media?.body) {
      log.warn("the callee's media are others by the new way, and the caller does not know them");
    }
    this.#session = new Session({ log, caller, callee: this.#callee, events: this.#sessionEvents });
    this.#options.events.onOpen(this.#session);
    return true;
  }

  /** Whether the callee's end knows that the call is over, or is in another call by now. */
  get isCalleeDone(): boolean {
    return !this.#callee.isOver || this.#callee.isHeard;
  }

  get callerMedia(): string | undefined {
    return this.#session?.sides[0].media?.body;
  }

  /** Asks the caller's end whether it has the call still; ends it when it does not. */
  verify(): void {
    const [caller] = this.#session?.sides ?? [];
    caller?.send(
      { method: "OPTIONS", limitMs: VERIFY_LIMIT_MS },
      {
        onFinal: ({ status }) => {
          if (status === 481 && !caller.isOver) {
            caller.closed();
            this.end({ Reason: reasonHeaderOf("PEER_AWAY") });
          }
        },
        onFailure: () => undefined,
      },
    );
  }

  end(headers: SipHeaders): void {
    if (this.#reinviting === undefined) {
      (this.#session ?? this.#opening)?.end("system", headers);
    } else {
      this.#callee.bye(headers);
      this.#lose("system");
    }
  }

  /** The engine is away. Returns the ids of the dialogs to be ended when it is back. */
  abandon(): readonly string[] {
    this.#isOver = true;
    this.#reinviting?.stop();
    return (this.#session ?? this.#opening)?.abandon() ?? [];
  }

  #offerAnew(): void {
    const { invite } = this.#options.caller();
    const callee = this.#callee;
    const isDelayed = invite.body === "";
    callee.listen((request) => this.#whileOffering(request));
    this.#reinviting = reinvite(callee, invite.body, {
      onAnswered: (response) => {
        if (!isDelayed || this.#isOver) {
          response.ack();
        }
        if (!this.#isOver) {
          this.#reinviting = undefined;
          callee.media = mediaOf(response);
          this.#open({ owedAck: isDelayed ? response : undefined, response });
        }
      },
      onRefused: () => {
        callee.bye({ Reason: reasonHeaderOf("TARGET_FAILED") });
        this.#lose("system");
      },
    });
  }

  #whileOffering(request: ServerTransaction): void {
    if (request.method === "BYE") {
      if (!request.fromEngine) {
        request.reply(200);
      }
      this.#callee.closed();
      this.#lose("callee");
    } else if (request.method !== "ACK") {
      request.reply(491);
    }
  }

  #lose(endedBy: EndedBy): void {
    this.#reinviting?.stop();
    if (!this.#isOver) {
      this.#isOver = true;
      this.#options.events.onLost(endedBy);
    }
  }

  #open(answered: Pick<OpeningOptions, "owedAck" | "response">): void {
    const { server, log, interval, caller, callerParty } = this.#options;
    this.#opening = new Opening({
      ...answered,
      callee: this.#callee,
      server,
      log,
      invite: caller().invite,
      caller: callerParty(),
      interval,
      session: this.#sessionEvents,
      events: {
        onOpen: (session) => this.#onOpen(session),
        onLost: (reason) => {
          log.info({ reason }, "answer did not reach the caller");
          this.#lose("system");
        },
      },
    });
    this.#opening.start();
  }

  get #sessionEvents(): SessionEvents {
    const { onRefer, events } = this.#options;
    const own = { onEnd: (endedBy: EndedBy) => this.#onEnd(endedBy), onCalleeLost: () => events.onCalleeLost() };
    return { ...own, ...(onRefer === undefined ? {} : { onRefer }) };
  }

  #onOpen(session: Session): void {
    this.#session = session;
    this.#opening = undefined;
    if (this.#isCallerNew) {
      this.#isCallerNew = false;
      this.callerChanged();
    } else {
      this.#options.events.onOpen(session);
    }
  }

  #onEnd(endedBy: EndedBy): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#options.events.onEnd(endedBy);
    }
  }
}
