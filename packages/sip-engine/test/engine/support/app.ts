import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";
import type { TestContext } from "node:test";
import Srf from "drachtio-srf";
import { defer } from "./defer.ts";
import type { Engine } from "../../../src/index.ts";

export const SECRET = "cymru";

export interface AppMessage extends EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  readonly source: string;
  get(name: string): string;
  has(name: string): boolean;
}

export interface AppRequest extends AppMessage {
  cancel(options?: { headers?: Record<string, string> }, callback?: (error: unknown) => void): void;
}

export interface AppResponse extends AppMessage {
  send(
    status: number,
    options?: { headers?: Record<string, string | readonly string[]>; body?: string },
    callback?: (error: unknown, message: AppMessage) => void,
    onAcknowledged?: (request: AppRequest) => void,
  ): void;
}

export interface AppDialog extends EventEmitter {
  readonly id: string;
  readonly remote: { readonly sdp: string };
  destroy(): Promise<AppRequest>;
  modify(sdp: string): Promise<string>;
  request(options: { method: string; headers?: Record<string, string>; body?: string }): Promise<AppResponse>;
}

export interface BridgedDialogs {
  readonly uas: AppDialog;
  readonly uac: AppDialog;
}

/** What drachtio-srf tells of a proxied request when it is over. */
export interface ProxyResults {
  readonly connected: boolean;
  readonly finalStatus: number | undefined;
  readonly responses: readonly {
    readonly address: string;
    readonly port: number;
    readonly msgs: readonly { readonly status: number }[];
  }[];
}

export interface ProxyOptions {
  readonly recordRoute?: boolean;
  readonly followRedirects?: boolean;
  readonly forking?: "simultaneous" | "sequential";
  readonly provisionalTimeout?: string;
  readonly finalTimeout?: string;
  readonly headers?: Record<string, string>;
}

type Handler = (request: AppRequest, response: AppResponse) => void | Promise<void>;

/** What the tests use of drachtio-srf: its own types lag behind its code. */
export interface App extends EventEmitter {
  invite(handler: Handler): void;
  register(handler: Handler): void;
  options(handler: Handler): void;
  message(handler: Handler): void;
  subscribe(handler: Handler): void;
  notify(handler: Handler): void;
  connect(options: { host: string; port: number; secret: string; reconnect?: { maxAttempts: number } }): void;
  /** Waits for engines that connect. */
  listen(options: { server: Server; secret: string }): void;
  disconnect(): void;
  request(
    uri: string,
    options: { method: string; headers?: Record<string, string>; body?: string; proxy?: string },
  ): Promise<AppRequest>;
  createUAS(
    request: AppRequest,
    response: AppResponse,
    options: { localSdp: string; headers?: Record<string, string> },
  ): Promise<AppDialog>;
  createUAC(
    uri: string,
    options: {
      localSdp?: string;
      method?: string;
      headers?: Record<string, string>;
      proxy?: string;
      auth?: { username: string; password: string };
    },
    progress?: {
      cbRequest?: (error: unknown, request: AppRequest) => void;
      cbProvisional?: (response: AppMessage) => void;
    },
  ): Promise<AppDialog>;
  proxyRequest(
    request: AppRequest,
    destination: string | readonly string[],
    options?: ProxyOptions,
  ): Promise<ProxyResults>;
  createB2BUA(
    request: AppRequest,
    response: AppResponse,
    uri: string,
    options?: {
      localSdpB?: string;
      headers?: Record<string, string>;
      proxyRequestHeaders?: readonly string[];
      proxyResponseHeaders?: readonly string[];
    },
  ): Promise<BridgedDialogs>;
}

function isApp(candidate: unknown): candidate is App {
  return candidate instanceof Srf;
}

export function createApp(tags: readonly string[] = []): App {
  const app: unknown = new Srf([...tags]);
  assert.ok(isApp(app));
  app.on("error", () => {
    // the engine stopped first
  });
  return app;
}

/** A drachtio-srf application that is connected and let in. */
export async function connectApp(context: TestContext, engine: Engine, tags?: readonly string[]): Promise<App> {
  const app = createApp(tags);
  app.connect({ ...engine.controlAddress, secret: SECRET, reconnect: { maxAttempts: 1 } });
  await once(app, "connect");
  let isConnected = true;
  app.on("close", () => {
    isConnected = false;
  });
  defer(context, () => {
    if (isConnected) {
      app.disconnect(); // throws when there is no connection
    }
  });
  return app;
}

/** The same without a socket; `methods` are those that the engine is told. */
export async function attachApp(context: TestContext, engine: Engine, methods: readonly string[]): Promise<App> {
  const app = createApp();
  const server = createServer();
  app.listen({ server, secret: SECRET });
  engine.attach(server, methods);
  await once(app, "connect");
  defer(context, () => void server.close());
  return app;
}

/** The final response to a request of an application. */
export async function finalResponse(request: AppRequest): Promise<AppResponse> {
  const { promise, resolve } = Promise.withResolvers<AppResponse>();
  request.on("response", (response: AppResponse) => {
    if (response.status >= 200) {
      resolve(response);
    }
  });
  return await promise;
}

/** A listener that may be asynchronous: its failure fails the test as an unhandled rejection. */
export function handler(
  handle: (request: AppRequest, response: AppResponse) => Promise<void>,
): (request: AppRequest, response: AppResponse) => void {
  return (request, response) => {
    void handle(request, response);
  };
}
