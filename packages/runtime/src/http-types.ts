import type { Part } from "./lifecycle.ts";
import type { Logger } from "./log.ts";

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
  readonly registry: MetricsSource;
  readonly health: () => HealthReport | Promise<HealthReport>;
  /** JSON answers by path, such as `/calls`, or promises of them. A view returns what may be shown: nothing is taken out afterwards. */
  readonly views: Readonly<Record<string, () => unknown>>;
  /** Answers by path that depend on the request, and that may ask for credentials. */
  readonly answers?: Readonly<Record<string, (question: HttpQuestion) => Promise<HttpAnswer>>>;
}

/** What `/metrics` is made of. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface HttpServer extends Part {
  /** The address that was taken; undefined before the start. */
  address(): { readonly host: string; readonly port: number } | undefined;
}
