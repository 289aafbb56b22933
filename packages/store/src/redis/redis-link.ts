import { withDeadline } from "@mss/runtime";
import { StoreError } from "../errors.ts";
import type { RedisClient } from "./redis-client.ts";
import { toStoreError } from "./redis-error.ts";
import type { RedisAddress } from "./redis-url.ts";
import { runScript } from "./scripts.ts";
import type { ScriptInput, ScriptName } from "./scripts.ts";

export interface RedisLinkOptions {
  readonly client: RedisClient;
  readonly address: RedisAddress;
  /** False: commands fail at once. For the call path, which must not wait for a Redis known to be away. */
  readonly isOpen?: () => boolean;
  /** How long a command may take before the caller is told; without it, as long as the connection lets it. */
  readonly limitMs?: number;
  /** Told of each command that got no answer. */
  readonly onSilence?: (failure: StoreError) => void;
}

/** One connection as the stores see it: every failure is a StoreError. */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  /** Commands without an answer yet: ioredis forgets some of them when it is closed between two attempts to connect. */
  readonly #waiting = new Set<(reason: Error) => void>();

  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  async run<T>(operation: string, command: (redis: RedisClient) => Promise<T>): Promise<T> {
    const { client, address, isOpen, limitMs, onSilence } = this.#options;
    if (isOpen?.() === false) {
      const cause = new Error("redis is known to be away");
      throw new StoreError("STORE_UNAVAILABLE", { operation, endpoint: address.endpoint }, { cause });
    }
    try {
      const reply = this.#untilClosed(command(client));
      return await (limitMs === undefined ? reply : withDeadline(reply, limitMs, operation));
    } catch (error) {
      const failure = toStoreError(error, operation, address);
      if (isSilence(failure)) {
        onSilence?.(failure);
      }
      throw failure;
    }
  }

  script(name: ScriptName, input: ScriptInput): Promise<unknown> {
    return this.run(name, (redis) => runScript(redis, name, input));
  }

  /** Rejects what waits for an answer. */
  close(): void {
    for (const reject of this.#waiting) {
      reject(new Error("connection is closed"));
    }
  }

  #untilClosed<T>(reply: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.add(reject);
    reply.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    return promise;
  }
}

/** No answer at all, as opposed to an answer that says "not now". */
function isSilence(failure: StoreError): boolean {
  return (
    failure.code === "STORE_UNAVAILABLE" && !(failure.cause instanceof Error && failure.cause.name === "ReplyError")
  );
}
