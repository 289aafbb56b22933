import type { HttpAnswer, HttpQuestion, HttpServer, HttpServerOptions } from "./http-types.ts";
import type { WorkerGroup } from "./worker-group.ts";

/** Of one worker by whoever serves HTTP for all of them: a page by its path. */
export const PAGE_TOPIC = "page";

export interface PageQuestion extends HttpQuestion {
  readonly path: string;
}

/** What `HttpServerOptions` says of the pages; `/metrics` is asked for as the JSON of prom-client. */
export type WorkerPagesOptions = Omit<HttpServerOptions, "listen" | "log" | "registry"> & {
  readonly registry: { getMetricsAsJSON(): Promise<unknown> };
};

/** The pages of a worker: nobody connects to it, its supervisor asks it for them. */
export function createWorkerPages(options: WorkerPagesOptions, group: WorkerGroup): HttpServer {
  return {
    address: () => undefined,
    async start() {
      group.onAsked(PAGE_TOPIC, (value) => pageOf(readQuestion(value), options));
    },
    async stop() {
      group.onAsked(PAGE_TOPIC, () => NOT_FOUND);
    },
  };
}

const NOT_FOUND: HttpAnswer = { status: 404, body: { error: "there is nothing here" } };

async function pageOf(question: PageQuestion, options: WorkerPagesOptions): Promise<HttpAnswer> {
  const { path } = question;
  if (path === "/health") {
    const report = await options.health();
    return { status: report.ok ? 200 : 503, body: report };
  }
  if (path === "/metrics") {
    return { status: 200, body: await options.registry.getMetricsAsJSON() };
  }
  const view = options.views[path];
  if (view !== undefined) {
    return { status: 200, body: await view() };
  }
  return (await options.answers?.[path]?.(question)) ?? NOT_FOUND;
}

function readQuestion(value: unknown): PageQuestion {
  const given = typeof value === "object" && value !== null ? value : {};
  return {
    path: "path" in given && typeof given.path === "string" ? given.path : "",
    query: "query" in given ? given.query : undefined,
    authorization:
      "authorization" in given && typeof given.authorization === "string" ? given.authorization : undefined,
  };
}

/** The answer of a worker as it came over the channel; undefined for what is none. */
export function readAnswer(value: unknown): HttpAnswer | undefined {
  if (typeof value !== "object" || value === null || !("status" in value) || typeof value.status !== "number") {
    return undefined;
  }
  const headers = "headers" in value ? value.headers : undefined;
  return {
    status: value.status,
    ...(isTextRecord(headers) ? { headers } : {}),
    body: "body" in value ? value.body : undefined,
  };
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === "object" && value !== null && Object.values(value).every((each) => typeof each === "string");
}
