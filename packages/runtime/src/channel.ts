import { CodedError } from "./errors.ts";

/** What goes over a channel, as JSON. */
export type ChannelMessage =
  | { readonly kind: "tell"; readonly topic: string; readonly value: unknown }
  | { readonly kind: "ask"; readonly id: number; readonly topic: string; readonly value: unknown }
  | { readonly kind: "reply"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };

export interface ChannelOptions {
  /** Takes the message to the other end; messages arrive in their order or not at all. */
  readonly post: (message: ChannelMessage) => void;
  /** How long an answer is waited for, in milliseconds. 2,000 when absent. */
  readonly answerLimitMs?: number;
  /** Told what a listener or an answer of this end threw. */
  readonly onError: (error: unknown) => void;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: CodedError) => void;
  readonly timer: NodeJS.Timeout;
}

type Answer = (value: unknown) => unknown;

const ANSWER_LIMIT_MS = 2_000;

/**
 * One end of a connection between two processes that tell each other things and ask each other questions, by topic. Values
 * are JSON, and whoever gets one has to read it with care. A topic that nobody listens to is left out; one that nobody
 * answers is CHANNEL_UNANSWERED, as is an answer that does not come in time.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #listeners = new Map<string, Answer>();
  readonly #answers = new Map<string, Answer>();
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #isClosed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** One listener for each topic. */
  onTold(topic: string, listener: (value: unknown) => void): void {
    this.#listeners.set(topic, listener);
  }

  /** One answer for each topic; it may be a promise, and a throw is told to who asks. */
  onAsked(topic: string, answer: Answer): void {
    this.#answers.set(topic, answer);
  }

  tell(topic: string, value: unknown): void {
    this.#post({ kind: "tell", topic, value });
  }

  /** Rejects with CHANNEL_UNANSWERED. */
  ask(topic: string, value: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#isClosed) {
      reject(unanswered("the channel is closed"));
      return promise;
    }
    this.#asked += 1;
    const id = this.#asked;
    const limitMs = this.#options.answerLimitMs ?? ANSWER_LIMIT_MS;
    const timer = setTimeout(() => this.#take(id)?.reject(unanswered(`no answer in ${limitMs} ms`)), limitMs);
    this.#pending.set(id, { resolve, reject, timer });
    this.#post({ kind: "ask", id, topic, value });
    return promise;
  }

  /** Takes what has come from the other end; what is none of its messages is left out. */
  receive(message: unknown): void {
    const read = readMessage(message);
    switch (read?.kind) {
      case "tell": {
        this.#tellHere(read.topic, read.value);
        break;
      }
      case "ask": {
        void this.#answer(read.id, read.topic, read.value);
        break;
      }
      case "reply": {
        this.#take(read.id)?.resolve(read.value);
        break;
      }
      case "failed": {
        this.#take(read.id)?.reject(unanswered(read.reason));
        break;
      }
      case undefined: {
        break;
      }
    }
  }

  /** The other end is gone: whoever waits for it is told so. */
  close(): void {
    this.#isClosed = true;
    for (const id of this.#pending.keys()) {
      this.#take(id)?.reject(unanswered("the channel was closed"));
    }
  }

  #post(message: ChannelMessage): void {
    if (!this.#isClosed) {
      this.#options.post(message);
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }

  #tellHere(topic: string, value: unknown): void {
    try {
      this.#listeners.get(topic)?.(value);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #answer(id: number, topic: string, value: unknown): Promise<void> {
    const answer = this.#answers.get(topic);
    if (answer === undefined) {
      this.#post({ kind: "failed", id, reason: `nobody answers ${topic}` });
      return;
    }
    try {
      this.#post({ kind: "reply", id, value: await answer(value) });
    } catch (error) {
      this.#options.onError(error);
      this.#post({ kind: "failed", id, reason: "the answer failed" });
    }
  }
}

function unanswered(reason: string): CodedError<"CHANNEL_UNANSWERED"> {
  return new CodedError("CHANNEL_UNANSWERED", "another process of the node did not answer", { reason });
}

function readMessage(message: unknown): ChannelMessage | undefined {
  if (typeof message !== "object" || message === null || !("kind" in message)) {
    return undefined;
  }
  const { kind } = message;
  const id = "id" in message && typeof message.id === "number" ? message.id : undefined;
  const topic = "topic" in message && typeof message.topic === "string" ? message.topic : undefined;
  const value = "value" in message ? message.value : undefined;
  if (kind === "tell" && topic !== undefined) {
    return { kind, topic, value };
  }
  if (kind === "ask" && topic !== undefined && id !== undefined) {
    return { kind, id, topic, value };
  }
  if (kind === "reply" && id !== undefined) {
    return { kind, id, value };
  }
  return kind === "failed" && id !== undefined ? { kind, id, reason: "the other process could not answer" } : undefined;
}
