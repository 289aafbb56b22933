import { once } from "node:events";
import type { EventEmitter } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import DrachtioSrf from "drachtio-srf";
import { Inbox, inTime } from "../../support/peer/waiting.ts";

/*
 * What the cases use of drachtio-srf. Its own types lag behind its code: options, events and callbacks that it has had
 * for years are missing in them.
 */

export interface AppMessage {
  readonly body: string;
  readonly source: "network" | "application";
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackDialogId: string | undefined;
  get(name: string): string;
  has(name: string): boolean;
}

export interface AppRequest extends AppMessage, EventEmitter {
  readonly method: string;
  readonly uri: string;
  cancel(options: { readonly headers?: Headers }, callback: (error: unknown, cancel?: AppRequest) => void): void;
  proxy(options: ProxyOptions): Promise<ProxyResults>;
}

export interface AppResponse extends AppMessage {
  readonly status: number;
  readonly reason: string;
  send(
    status: number,
    options?: Content,
    callback?: (error: unknown, sent?: AppMessage) => void,
    acknowledged?: (request: AppRequest) => void,
  ): void;
  send(status: number, reason: string, options: Content): void;
}

export type Headers = Record<string, string>;

export interface Content {
  readonly headers?: Headers;
  readonly body?: string;
}

export interface ProxyOptions {
  readonly destination: string | readonly string[];
  readonly forking?: "sequential" | "simultaneous";
  readonly remainInDialog?: boolean;
  readonly followRedirects?: boolean;
  readonly provisionalTimeout?: string;
  readonly finalTimeout?: string;
  readonly headers?: Headers;
}

export interface ProxyResults {
  readonly connected: boolean;
  readonly finalStatus: number;
  readonly responses: readonly { readonly address: string; readonly msgs: readonly { readonly status: number }[] }[];
}

export interface RequestOptions extends Content {
  readonly method: string;
  readonly proxy?: string;
  readonly auth?: Credentials;
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly localSdp?: string;
  readonly headers?: Headers;
  readonly proxy?: string;
  readonly auth?: Credentials;
  readonly noAck?: boolean;
}

export interface AppDialog extends EventEmitter {
  readonly id: string;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { readonly sdp: string };
  readonly remote: { readonly uri: string; readonly sdp: string };
  destroy(options?: { readonly headers?: Headers }): Promise<AppRequest>;
  modify(sdp: string): Promise<string>;
  request(options: RequestOptions): Promise<AppResponse>;
}

type Acknowledge = (content?: Content) => void;

export interface Progress {
  readonly cbRequest?: (error: unknown, request: AppRequest) => void;
  readonly cbProvisional?: (response: AppResponse, acknowledge?: Acknowledge) => void;
}

type Handler = (request: AppRequest, response: AppResponse) => void;

export interface Srf extends EventEmitter {
  use(method: string, handler: Handler): void;
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly secret: string;
    readonly reconnect?: { readonly maxAttempts?: number; readonly retryMaxDelay?: number };
  }): void;
  listen(options: { readonly server: Server; readonly secret: string }): void;
  disconnect(): void;
  request(uri: string, options: RequestOptions): Promise<AppRequest>;
  createUAS(
    request: AppRequest,
    response: AppResponse,
    options: { readonly localSdp?: string; readonly headers?: Headers },
  ): Promise<AppDialog>;
  createUAC(uri: string, options: CallOptions, progress?: Progress): Promise<AppDialog>;
  createB2BUA(
    request: AppRequest,
    response: AppResponse,
    uri: string,
    options: CallOptions & {
      readonly localSdpB?: string;
      readonly proxyRequestHeaders?: readonly string[];
      readonly proxyResponseHeaders?: readonly string[];
    },
  ): Promise<{ readonly uas: AppDialog; readonly uac: AppDialog }>;
}

function isSrf(candidate: unknown): candidate is Srf {
  return candidate instanceof DrachtioSrf;
}

/** A request that came to an application, and what answers it. */
export interface Received {
  readonly req: AppRequest;
  readonly res: AppResponse;
}

export interface ApplicationOptions {
  /** The methods it takes, in small letters; `cdr:start` and the like for call records. */
  readonly takes?: readonly string[];
  readonly tags?: readonly string[];
}

/** An unmodified drachtio-srf that puts what comes outside of dialogs into an inbox. */
export class Application {
  readonly srf: Srf;
  readonly #inbox = new Inbox<Received>(({ req }) => req.method);
  readonly #records = new Inbox<CallRecordEvent>(({ event }) => event);
  readonly #takes: readonly string[];
  /** What an engine in the process connects to. */
  #server: Server | undefined;
  #isConnected = false;

  constructor({ takes = [], tags }: ApplicationOptions) {
    const srf: unknown = tags === undefined ? new DrachtioSrf() : new DrachtioSrf([...tags]);
    if (!isSrf(srf)) {
      throw new Error("drachtio-srf has changed");
    }
    this.srf = srf;
    this.#takes = takes;
    for (const method of takes) {
      if (method.startsWith("cdr:")) {
        srf.on(method, (...values: readonly (string | AppMessage)[]) => this.#records.put({ event: method, values }));
      } else {
        srf.use(method, (req, res) => this.#inbox.put({ req, res }));
      }
    }
    srf.on("error", () => undefined); // the engine stopped first
    srf.on("close", () => {
      this.#isConnected = false;
    });
  }

  /** Connects; resolves with the addresses that the engine tells, when it has taken the secret. */
  async connect(control: {
    readonly host: string;
    readonly port: number;
    readonly secret: string;
    readonly attach?: (server: Server, methods: readonly string[]) => void;
  }): Promise<readonly string[]> {
    const { attach, ...address } = control;
    const connected = once(this.srf, "connect");
    if (attach === undefined) {
      this.srf.connect({ ...address, reconnect: { maxAttempts: 1 } });
    } else {
      this.#server = createServer();
      this.srf.listen({ server: this.#server, secret: control.secret });
      attach(this.#server, this.#takes);
    }
    const values: readonly unknown[] = await inTime(connected, () => "the engine to take the application");
    const [error, hostPorts] = values;
    if (error instanceof Error) {
      throw error;
    }
    this.#isConnected = true;
    return String(hostPorts).split(",");
  }

  disconnect(): void {
    if (this.#isConnected) {
      this.#isConnected = false;
      this.#server?.close();
      this.srf.disconnect();
    }
  }

  /** Ends the connection; resolves when the engine has ended it, too. */
  async disconnected(): Promise<void> {
    const closed = once(this.srf, "close");
    this.disconnect();
    await inTime(closed, () => "the end of the connection");
  }

  /** The next request of that method outside of a dialog. */
  received(method: string): Promise<Received> {
    return this.#inbox.take(({ req }) => req.method === method, `${method} at the application`);
  }

  /** Requests outside of a dialog that were not asked for. */
  get unread(): readonly AppRequest[] {
    return this.#inbox.unread.map(({ req }) => req);
  }

  /** The next call record of that kind. */
  record(event: string): Promise<CallRecordEvent> {
    return this.#records.take((record) => record.event === event, `${event} at the application`);
  }
}

/** What drachtio-srf gives for a call record: source, time, role or reason, message. */
export interface CallRecordEvent {
  readonly event: string;
  readonly values: readonly (string | AppMessage)[];
}

/** The next event of that name with its first two arguments. To be called before what causes it. */
export function nextEvent(emitter: EventEmitter, name: string, limitMs?: number): Promise<Received> {
  const { promise, resolve } = Promise.withResolvers<Received>();
  emitter.once(name, (req: AppRequest, res: AppResponse) => resolve({ req, res }));
  const event = inTime(promise, () => `event ${name}`, limitMs);
  event.catch(() => undefined); // a case that fails elsewhere does not come back for it
  return event;
}

/** The final response to a request of an application. To be called at once, before the engine can read it. */
export async function finalResponse(request: AppRequest, limitMs?: number): Promise<AppResponse> {
  const { promise, resolve } = Promise.withResolvers<AppResponse>();
  request.on("response", (response: AppResponse) => {
    if (response.status >= 200) {
      resolve(response);
    }
  });
  return inTime(promise, () => `answer to ${request.method}`, limitMs);
}
