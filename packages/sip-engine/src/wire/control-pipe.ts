import type { Duplex } from "node:stream";

export interface PipeReader {
  /** Byte text, cut anywhere. */
  onText(text: string): void;
  /** The other side is gone. Told once; not after `end` or `destroy`. */
  onClosed(): void;
}

/** What carries the bytes of one application to the engine and back. Byte text both ways. */
export interface ControlPipe {
  /** What was written and not taken yet, in bytes. */
  readonly backlog: number;
  open(reader: PipeReader): void;
  /** What is written in one turn of the event loop goes out together. */
  write(text: string): void;
  /** Ends it after what was written. */
  end(): void;
  /** Ends it at once. */
  destroy(): void;
}

/** What a pipe over the network needs of its socket. */
export type ControlSocket = Duplex & { setNoDelay(isOn: boolean): unknown; destroySoon(): unknown };

/** A connection of an application in another process. */
export class SocketPipe implements ControlPipe {
  readonly #socket: ControlSocket;
  #outgoing = "";
  #isOpen = true;

  constructor(socket: ControlSocket) {
    this.#socket = socket;
  }

  get backlog(): number {
    return this.#outgoing.length + this.#socket.writableLength;
  }

  open(reader: PipeReader): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => reader.onText(bytes.toString("latin1")));
    socket.on("error", () => {
      // `close` follows and does the work
    });
    socket.on("close", () => {
      if (this.#isOpen) {
        this.#isOpen = false;
        reader.onClosed();
      }
    });
  }

  write(text: string): void {
    if (this.#outgoing === "") {
      setImmediate(() => this.#flush());
    }
    this.#outgoing += text;
  }

  end(): void {
    this.#flush();
    this.#isOpen = false;
    this.#socket.end();
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #flush(): void {
    const text = this.#outgoing;
    this.#outgoing = ""; // first: a stream in memory may answer from within its write
    if (text !== "" && this.#isOpen) {
      this.#socket.write(text, "latin1");
    }
  }
}
