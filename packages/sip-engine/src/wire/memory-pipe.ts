import { Socket } from "node:net";
import type { ControlPipe, PipeReader } from "./control-pipe.ts";

interface SocketOwner {
  /** As the application wrote it; not byte text yet. */
  onWritten(chunk: string | Buffer): void;
  onEnded(): void;
}

/** An application's end of a pipe. drachtio-srf takes nothing but a `net.Socket`; this one has no handle. */
class MemorySocket extends Socket {
  /** drachtio-srf tells it with each request as the address of the server. */
  override readonly remoteAddress = "127.0.0.1";
  readonly #owner: SocketOwner;

  constructor(owner: SocketOwner) {
    super();
    this.#owner = owner;
  }

  override _read(): void {
    // is pushed to
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#owner.onWritten(chunk);
    done();
  }

  override _writev(chunks: readonly { readonly chunk: string | Buffer }[], done: () => void): void {
    for (const { chunk } of chunks) {
      this.#owner.onWritten(chunk);
    }
    done();
  }

  override _final(done: () => void): void {
    this.#owner.onEnded();
    done();
  }
}

const HASH = 35;

/**
 * A frame as drachtio-srf writes it has its length in bytes before it: when that is its number of characters, each
 * character is a byte, and nothing needs to be converted. Most messages are such.
 */
function toByteText(chunk: string | Buffer): string {
  if (typeof chunk !== "string") {
    return chunk.toString("latin1");
  }
  let length = 0;
  for (let index = 0; index < chunk.length; index += 1) {
    const code = chunk.charCodeAt(index);
    if (code === HASH) {
      return length === chunk.length - index - 1 ? chunk : Buffer.from(chunk, "utf8").toString("latin1");
    }
    length = length * 10 + code - 48;
  }
  return Buffer.from(chunk, "utf8").toString("latin1");
}

/**
 * The connection of an application in the engine's own process: no socket, no system call. Each side is called when the
 * other one has returned, never from within it. What the application says is heard at once; what the engine says waits until
 * the engine has seen all that came from the network in this turn, so that in a rush every INVITE soon has its 100.
 */
export class MemoryPipe implements ControlPipe {
  /** The application's end. */
  readonly socket: Socket;
  #reader: PipeReader | undefined;
  #toEngine: (string | Buffer)[] = [];
  #toApplication = "";
  #isOpen = true;

  constructor() {
    this.socket = new MemorySocket({
      onWritten: (chunk) => this.#onWritten(chunk),
      onEnded: () => this.#onEnded(),
    });
    this.socket.on("error", () => {
      // `close` follows and does the work
    });
    this.socket.on("close", () => this.#onEnded());
  }

  get backlog(): number {
    return this.#toApplication.length + this.socket.readableLength;
  }

  open(reader: PipeReader): void {
    this.#reader = reader;
  }

  write(text: string): void {
    if (this.#toApplication === "") {
      setImmediate(() => this.#flush());
    }
    this.#toApplication += text;
  }

  end(): void {
    this.#flush();
    this.#isOpen = false;
    if (!this.socket.destroyed) {
      this.socket.push(null);
      this.socket.resume(); // to its end, if the application has stopped reading
      this.socket.destroySoon();
    }
  }

  destroy(): void {
    this.#isOpen = false;
    this.socket.destroy();
  }

  #flush(): void {
    const text = this.#toApplication;
    this.#toApplication = "";
    if (text !== "" && this.#isOpen && !this.socket.destroyed) {
      this.socket.push(Buffer.from(text, "latin1"));
    }
  }

  #onWritten(chunk: string | Buffer): void {
    if (this.#toEngine.length === 0) {
      process.nextTick(() => this.#drain());
    }
    this.#toEngine.push(chunk);
  }

  #drain(): void {
    const chunks = this.#toEngine;
    this.#toEngine = [];
    for (const chunk of chunks) {
      if (this.#isOpen) {
        this.#reader?.onText(toByteText(chunk));
      }
    }
  }

  #onEnded(): void {
    if (this.#isOpen) {
      process.nextTick(() => this.#close());
    }
  }

  #close(): void {
    if (this.#isOpen) {
      this.end();
      this.#reader?.onClosed();
    }
  }
}
