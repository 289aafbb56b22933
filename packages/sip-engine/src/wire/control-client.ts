import type { Command } from "./commands.ts";
import { parseCommand } from "./commands.ts";
import type { ControlPipe } from "./control-pipe.ts";
import type { FrameFault } from "./frame-codec.ts";
import { FrameReader, encodeFrame } from "./frame-codec.ts";

export type CloseReason =
  | FrameFault
  | "peer closed"
  | "engine stops"
  | "refused"
  | "not authenticated in time"
  | "does not read"
  | "not needed";

export interface ControlClientHandlers {
  onCommand(client: ControlClient, command: Command): void;
  onClosed(client: ControlClient, reason: CloseReason): void;
}

export interface ControlClientLimits {
  readonly frameBytesBeforeLogin: number;
  readonly frameBytes: number;
  /** How much may wait for a client that does not read before it is dropped, in bytes. */
  readonly backlogBytes: number;
}

/** One connection of an application. */
export class ControlClient {
  readonly id: number;
  tags: readonly string[] = [];
  readonly #pipe: ControlPipe;
  readonly #reader: FrameReader;
  readonly #limits: ControlClientLimits;
  readonly #handlers: ControlClientHandlers;
  readonly #isDialled: boolean;
  #authenticated = false;
  #closed: CloseReason | undefined;

  constructor(
    id: number,
    pipe: ControlPipe,
    options: ControlClientHandlers & { readonly limits: ControlClientLimits; readonly isDialled: boolean },
  ) {
    this.id = id;
    this.#pipe = pipe;
    this.#handlers = options;
    this.#limits = options.limits;
    this.#isDialled = options.isDialled;
    this.#reader = new FrameReader(options.limits.frameBytesBeforeLogin);
    pipe.open({
      onText: (text) => this.#read(text),
      onClosed: () => this.#finish("peer closed"),
    });
  }

  /** The same for applications that gave the same tags. */
  get kind(): string {
    return this.tags.toSorted().join(",");
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  get open(): boolean {
    return this.#closed === undefined;
  }

  /** Ends a connection that the engine made, for one request that needs it no more. */
  closeIfDialled(): void {
    if (this.#isDialled) {
      this.close("not needed");
    }
  }

  /** From now on frames may be as long as those of a client that is let in. */
  letIn(tags: readonly string[]): void {
    this.#authenticated = true;
    this.tags = tags;
    this.#reader.limitBytes = this.#limits.frameBytes;
  }

  /** Byte text. Silently dropped when the connection is gone: `onClosed` has told or will tell. */
  send(frame: string): void {
    if (this.#closed !== undefined) {
      return;
    }
    this.#pipe.write(encodeFrame(frame));
    if (this.#pipe.backlog > this.#limits.backlogBytes) {
      this.#finish("does not read");
      this.#pipe.destroy();
    }
  }

  /** Sends what is waiting, then ends the connection. */
  close(reason: CloseReason): void {
    if (this.#closed !== undefined) {
      return;
    }
    this.#finish(reason);
    this.#pipe.end();
  }

  #read(text: string): void {
    const fault = this.#reader.push(text, (frame) => {
      this.#handlers.onCommand(this, parseCommand(frame));
    });
    if (fault !== undefined) {
      this.#finish(fault);
      this.#pipe.destroy();
    }
  }

  #finish(reason: CloseReason): void {
    if (this.#closed === undefined) {
      this.#closed = reason;
      this.#reader.stop();
      this.#handlers.onClosed(this, reason);
    }
  }
}
