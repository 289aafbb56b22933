import type { Server } from "node:net";
import Srf from "drachtio-srf";

/*
 * The parts of drachtio-srf that we use, as they are in its code (5.0.29); its own types lag behind. Only the request,
 * response and agent classes are used: its Dialog and createB2BUA answer in-dialog requests by themselves, which we
 * do not want.
 */

export interface NativeMessage {
  /** Lower-case names, but X-, P- and Diversion as they came; several fields of a name joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface NativeRequest {
  readonly method: string;
  readonly uri: string;
  readonly msg: NativeMessage;
  readonly body: string | undefined;
  /** `application`: made by the engine itself, such as the BYE after a missing ACK. Not to be answered. */
  readonly source: "network" | "application";
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackDialogId: string | undefined;
  on(event: "cancel", listener: (cancel: NativeMessage) => void): void;
  on(event: "update", listener: (request: NativeRequest, replier: NativeReplier) => void): void;
  on(event: "response", listener: (response: NativeResponse, ack: NativeAck) => void): void;
  cancel(options: { readonly headers: Record<string, string> }, callback: () => void): void;
}

export type NativeAck = (options: { readonly headers?: Record<string, string>; readonly body?: unknown }) => void;

export interface NativeResponse {
  readonly status: number;
  readonly reason: string | undefined;
  readonly msg: NativeMessage;
  readonly body: string | undefined;
  readonly stackDialogId: string | undefined;
  readonly source_address: string;
}

/** The response side of a request from the network. */
export interface NativeReplier {
  readonly finalResponseSent: boolean;
  /** Set when the callback of `send` is called without error. */
  readonly stackDialogId: string | undefined;
  send(
    status: number,
    reason: string | undefined,
    options: { readonly headers: Record<string, string>; readonly body?: unknown },
    callback?: (error: unknown, echo?: NativeMessage) => void,
  ): void;
}

export interface NativeRequestOptions {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
  readonly proxy?: string;
  readonly stackDialogId?: string;
}

interface NativeClient {
  readonly mapServer: ReadonlyMap<{ end(): void; setNoDelay(noDelay: boolean): void }, unknown>;
  readonly wp: { closing?: boolean; readonly reconnectVars?: { retryTimer?: NodeJS.Timeout | null } };
}

export interface NativeSrf {
  readonly app: { readonly client?: NativeClient };
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly secret: string;
    readonly reconnect: { readonly retryMaxDelay: number };
  }): void;
  /** Waits for engines that connect to `server`. */
  listen(options: { readonly server: Server; readonly secret: string }): void;
  use(handler: (request: NativeRequest, replier: NativeReplier) => void): void;
  use(method: string, handler: (request: NativeRequest, replier: NativeReplier) => void): void;
  request(uri: string, options: NativeRequestOptions, callback: (error: unknown, sent?: NativeRequest) => void): void;
  on(event: "connect", listener: (error: unknown, hostPorts?: string) => void): void;
  on(event: "close", listener: () => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
}

/** Takes the code for what this file says it is; its own types say otherwise. */
function isNativeSrf(value: unknown): value is new () => NativeSrf {
  return typeof value === "function";
}

export function createNativeSrf(): NativeSrf {
  const exported: unknown = Srf;
  if (!isNativeSrf(exported)) {
    throw new TypeError("drachtio-srf does not export a class");
  }
  return new exported();
}

/** Ends the link and the reconnecting; `disconnect` of drachtio-srf throws when the link is down at that moment. */
export function disconnectNativeSrf(srf: NativeSrf): void {
  const client = srf.app.client;
  if (client === undefined) {
    return;
  }
  client.wp.closing = true;
  clearTimeout(client.wp.reconnectVars?.retryTimer ?? undefined);
  for (const socket of client.mapServer.keys()) {
    socket.end();
  }
}

/** drachtio-srf does so for its first connection only; without it each message waits 40 ms after a reconnect. */
export function sendWithoutDelay(srf: NativeSrf): void {
  for (const socket of srf.app.client?.mapServer.keys() ?? []) {
    socket.setNoDelay(true);
  }
}
