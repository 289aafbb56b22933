import type { Duplex } from "node:stream";
import { FrameReader, encodeFrame } from "../../src/wire/frame-codec.ts";
import type { Frame } from "./history.ts";
import { frameOf, isStatus, isSuccess } from "./history.ts";
import { SDP } from "./phone.ts";

const METHODS = ["invite", "options", "message", "subscribe", "notify", "info", "refer", "register", "publish"];

/** A request that the application got, or one that it sent. */
export interface KnownTransaction {
  readonly id: string;
  readonly method: string;
}

export interface AppOptions {
  readonly connection: number;
  readonly socket: Duplex;
  /** Acknowledges each 2xx as drachtio-srf does, or never. */
  readonly acknowledges: boolean;
  /** Tells of each frame, to and from the application. */
  readonly onFrame: (kind: "toApp" | "fromApp", frame: Frame) => void;
}

/** An application without a mind of its own, on one connection. */
export class Application {
  readonly connection: number;
  readonly got: KnownTransaction[] = [];
  readonly sent: KnownTransaction[] = [];
  readonly dialogs: string[] = [];
  readonly #options: AppOptions;
  readonly #methods = new Map<string, string>();
  #commands = 0;

  constructor(options: AppOptions) {
    this.connection = options.connection;
    this.#options = options;
    const reader = new FrameReader(1_000_000);
    options.socket.on("data", (bytes: Buffer) => {
      reader.push(bytes.toString("latin1"), (text) => this.#onFrame(frameOf(text)));
    });
    for (const method of METHODS) {
      this.#write(`route|${method}`);
    }
  }

  disconnect(): void {
    this.#options.socket.destroy();
  }

  answer(index: number, status: number, reliable: boolean): void {
    const known = this.got[index % this.got.length];
    if (known !== undefined) {
      const isReliable = reliable && status > 100 && status < 200;
      const body = known.method === "INVITE" && (status === 200 || isReliable) ? SDP : "";
      const headers = isReliable ? ["Require: 100rel"] : [];
      this.#sip(`${known.id}|`, [`SIP/2.0 ${status} Whatever`, ...headers], body);
    }
  }

  /** A request that starts something new. */
  start(method: string, uri: string): void {
    const event = method === "SUBSCRIBE" ? ["Event: presence"] : [];
    const body = method === "INVITE" ? SDP : "";
    this.#sip("|", [`${method} ${uri} SIP/2.0`, "Supported: 100rel", ...event], body, method);
  }

  within(index: number, method: string): void {
    const dialog = this.dialogs[index % this.dialogs.length];
    if (dialog !== undefined) {
      const headers = method === "PRACK" ? ["RAck: 1 1 INVITE"] : [];
      const body = method === "INVITE" || method === "UPDATE" ? SDP : "";
      this.#sip(`|${dialog}`, [`${method} sip:placeholder SIP/2.0`, ...headers], body, method);
    }
  }

  cancel(index: number): void {
    const known = this.sent[index % this.sent.length];
    if (known !== undefined) {
      this.#sip(`${known.id}|`, ["CANCEL sip:placeholder SIP/2.0"], "");
    }
  }

  proxy(index: number, order: { readonly targets: readonly string[]; readonly simultaneous: boolean }): void {
    const known = this.got[index % this.got.length];
    if (known !== undefined) {
      const forking = order.simultaneous ? "simultaneous" : "serial";
      const rules = `remainInDialog|fullResponse|followRedirects|${forking}`;
      this.#write(`proxy|${known.id}|${rules}|2s|8s|${order.targets.join("|")}`);
    }
  }

  /** Something that no application says. */
  babble(text: string): void {
    this.#write(text);
  }

  #sip(ids: string, head: readonly string[], body: string, method?: string): void {
    const id = this.#write(`sip|${ids}\r\n${[...head, "", body].join("\r\n")}`);
    if (method !== undefined) {
      this.#methods.set(id, method);
    }
  }

  #write(rest: string): string {
    if (this.#options.socket.destroyed) {
      return "";
    }
    this.#commands += 1;
    const id = `c${this.#commands}`;
    const text = `${id}|${rest}`;
    this.#options.onFrame("fromApp", frameOf(text));
    this.#options.socket.write(encodeFrame(text), "latin1");
    return id;
  }

  #onFrame(frame: Frame): void {
    this.#options.onFrame("toApp", frame);
    const { tokens, message } = frame;
    if (tokens[1] === "response") {
      const method = this.#methods.get(tokens[2] ?? "");
      if (tokens[3] === "OK" && method !== undefined && method !== "ACK") {
        this.sent.push({ id: tokens[10] ?? "", method });
      }
      this.#learn(tokens[11]);
      return;
    }
    if (message === undefined || tokens[8] === "unsolicited") {
      return;
    }
    this.#learn(tokens[9]);
    if (message.kind === "request" && message.method !== "ACK" && message.method !== "CANCEL") {
      this.got.push({ id: tokens[8] ?? "", method: message.method });
    } else if (isSuccess(message, "INVITE") && this.#options.acknowledges) {
      this.#sip(`|${tokens[9] ?? ""}`, ["ACK sip:placeholder SIP/2.0"], "");
    } else if (isStatus(message, 101, 200) && message.headers.has("RSeq")) {
      const acknowledged = `${message.headers.get("RSeq") ?? ""} ${message.headers.get("CSeq") ?? ""}`;
      this.#sip(`|${tokens[9] ?? ""}`, ["PRACK sip:placeholder SIP/2.0", `RAck: ${acknowledged}`], "", "PRACK");
    }
  }

  #learn(dialog: string | undefined): void {
    if (dialog !== undefined && dialog.includes(";from-tag=") && !this.dialogs.includes(dialog)) {
      this.dialogs.push(dialog);
    }
  }
}
