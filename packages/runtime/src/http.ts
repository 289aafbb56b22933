import { fastify } from "fastify";
import type { FastifyInstance } from "fastify";
import { AggregatorRegistry, Registry, collectDefaultMetrics } from "prom-client";
import { CodedError } from "./errors.ts";
import type { HttpServer, HttpServerOptions, MetricsSource } from "./http-types.ts";

export type {
  HealthReport,
  HttpAnswer,
  HttpQuestion,
  HttpServer,
  HttpServerOptions,
  MetricsSource,
} from "./http-types.ts";
export { eventLoopDelay } from "./event-loop-delay.ts";
export { Counter, Gauge, Histogram } from "prom-client";
export type { Registry } from "prom-client";
export { PAGE_TOPIC, createWorkerPages, readAnswer } from "./worker-pages.ts";
export type { PageQuestion, WorkerPagesOptions } from "./worker-pages.ts";

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

/** The metrics of several processes as one text: each as `getMetricsAsJSON` has it, with a label that tells it from the others. */
export function joinMetrics(parts: () => Promise<readonly unknown[]>): MetricsSource {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    async metrics() {
      const lists = (await parts()).filter((part) => Array.isArray(part));
      return AggregatorRegistry.aggregate(lists).metrics();
    },
  };
}

function addRoutes(server: FastifyInstance, options: HttpServerOptions): void {
  server.get("/health", async (_request, reply) => {
    const report = await options.health();
    return reply.code(report.ok ? 200 : 503).send(report);
  });
  server.get("/metrics", async (_request, reply) => {
    const text = await options.registry.metrics();
    return reply.type(options.registry.contentType).send(text);
  });
  for (const [path, view] of Object.entries(options.views)) {
    server.get(path, async (_request, reply) => reply.send(await view()));
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
