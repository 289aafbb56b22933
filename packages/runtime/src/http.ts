import { fastify } from "fastify";
import type { FastifyInstance } from "fastify";
import { Registry, collectDefaultMetrics } from "prom-client";
import { CodedError } from "./errors.ts";
import type { Part } from "./lifecycle.ts";
import type { Logger } from "./log.ts";

export { eventLoopDelay } from "./event-loop-delay.ts";
export { Counter, Gauge, Histogram } from "prom-client";
export type { Registry } from "prom-client";

/** What `GET /health` tells: 200 when `ok`, else 503, with the whole report as JSON. */
export interface HealthReport {
  readonly ok: boolean;
  readonly [detail: string]: unknown;
}

/** A request whose answer depends on what it says. */
export interface HttpQuestion {
  readonly query: unknown;
  readonly authorization: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: unknown;
}

export interface HttpServerOptions {
  /** Loopback when no host is given; port 0 takes any free one. */
  readonly listen: { readonly host?: string; readonly port: number };
  readonly log: Logger;
  readonly registry: Registry;
  readonly health: () => HealthReport;
  /** JSON answers by path, such as `/calls`. A view returns what may be shown: nothing is taken out afterwards. */
  readonly views: Readonly<Record<string, () => unknown>>;
  /** Answers by path that depend on the request, and that may ask for credentials. */
  readonly answers?: Readonly<Record<string, (question: HttpQuestion) => Promise<HttpAnswer>>>;
}

export interface HttpServer extends Part {
  /** The address that was taken; undefined before the start. */
  address(): { readonly host: string; readonly port: number } | undefined;
}

const LOOPBACK = "127.0.0.1";
const REQUEST_LIMIT_MS = 10_000;
const BODY_LIMIT_BYTES = 1024; // nothing here takes a body

/** A registry of its own per node, so that several nodes of one process do not share counters. */
export function createMetrics(labels: Readonly<Record<string, string>>, withProcessMetrics = true): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ ...labels });
  if (withProcessMetrics) {
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}

function addRoutes(server: FastifyInstance, options: HttpServerOptions): void {
  server.get("/health", (_request, reply) => {
    const report = options.health();
    return reply.code(report.ok ? 200 : 503).send(report);
  });
  server.get("/metrics", async (_request, reply) => {
    const text = await options.registry.metrics();
    return reply.type(options.registry.contentType).send(text);
  });
  for (const [path, view] of Object.entries(options.views)) {
    server.get(path, (_request, reply) => reply.send(view()));
  }
  for (const [path, answer] of Object.entries(options.answers ?? {})) {
    server.get(path, async (request, reply) => {
      const {
        status,
        headers = {},
        body,
      } = await answer({
        query: request.query,
        authorization: request.headers.authorization,
      });
      return reply.code(status).headers(headers).send(body);
    });
  }
}

/**
 * Read-only HTTP for people and for Prometheus: `/health`, `/metrics` and the given views. It asks for no credentials, but where an answer does:
 * bind it to loopback or to a management network. Fails to start with `HTTP_LISTEN_FAILED`.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_LIMIT_MS,
    forceCloseConnections: true,
  });
  addRoutes(server, options);
  server.setErrorHandler((error, request, reply) => {
    options.log.error({ err: error, path: request.routeOptions.url }, "http request failed");
    return reply.code(500).send({ error: "internal error" });
  });
  return {
    address() {
      const first = server.addresses()[0];
      return typeof first === "object" ? { host: first.address, port: first.port } : undefined;
    },
    async start() {
      const host = options.listen.host ?? LOOPBACK;
      try {
        await server.listen({ host, port: options.listen.port });
      } catch (cause) {
        throw new CodedError(
          "HTTP_LISTEN_FAILED",
          "cannot listen for http",
          { host, port: options.listen.port },
          { cause },
        );
      }
      options.log.info({ address: server.addresses()[0] }, "http listening");
    },
    stop: () => server.close().then(() => undefined),
  };
}
