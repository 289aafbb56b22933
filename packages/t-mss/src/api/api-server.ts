import rateLimit from "@fastify/rate-limit";
import { fastify } from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { TlsCredentials } from "@mss/certificates";
import type { CallRecordStore, Endpoint, HubSettings } from "@mss/model";
import type { Logger, Part } from "@mss/runtime";
import { HubError } from "../errors.ts";
import { loginOf } from "./branch-login.ts";
import type { Login } from "./branch-login.ts";
import type { PartDesk } from "./part-desk.ts";
import { addRecordRoute } from "./record-route.ts";
import { refuse } from "./refuse.ts";
import type { BranchRequest, Refusal } from "./refuse.ts";

export interface ApiServerOptions {
  readonly listen: Endpoint;
  readonly credentials: TlsCredentials;
  readonly settings: () => HubSettings;
  /** Other processes of this hub listen there, too. */
  readonly isShared?: boolean;
  readonly desk: PartDesk;
  /** Where the call records of the branches go. */
  readonly records: CallRecordStore;
  readonly log: Logger;
}

/** HTTPS for the branches: each gets its own part of the plan in force and hands over its own call records, and nothing else is here. */
export interface ApiServer extends Part {
  /** New connections have the new certificate; those that are up stay. Throws for credentials that TLS does not take. */
  renewCredentials(credentials: TlsCredentials): void;
}

const HANDSHAKE_LIMIT_MS = 5_000;
/** For all of a request: a batch of call records over a slow line. */
const REQUEST_LIMIT_MS = 20_000;
const HEADER_LIMIT_BYTES = 8_192;
/** Branches wait 25 s at a time: this many requests are those of fifty branches behind one address. */
const REQUESTS_PER_MINUTE_AND_ADDRESS = 120;
const MINUTE_MS = 60_000;
const SPARE_CONNECTIONS = 100;
const CONNECTIONS_PER_BRANCH = 4;
const MAX_WAIT_SECONDS = 60;
const NO_PLAN_RETRY_SECONDS = "5";

function tlsOptions({ certificate, key, authority }: TlsCredentials) {
  return { cert: certificate, key, ca: authority, minVersion: "TLSv1.2" as const };
}

/** Fails to start with `API_LISTEN_FAILED`. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { listen, credentials, desk, log, settings } = options;
  const server = fastify({
    logger: false,
    bodyLimit: 1,
    requestTimeout: REQUEST_LIMIT_MS,
    forceCloseConnections: true,
    https: {
      ...tlsOptions(credentials),
      requestCert: true,
      rejectUnauthorized: false, // who shows none may have the password; one that is not believed is refused at the login
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
      maxHeaderSize: HEADER_LIMIT_BYTES,
    },
  });
  server.server.maxConnections = SPARE_CONNECTIONS + settings().trunks.size * CONNECTIONS_PER_BRANCH;
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      log.error({ err: error, path: request.routeOptions.url }, "request of a branch failed");
    }
    return reply.code(status).send({ error: status >= 500 ? "internal error" : error.message });
  });
  void server.register(rateLimit, { max: REQUESTS_PER_MINUTE_AND_ADDRESS, timeWindow: MINUTE_MS });
  void server.register((scope, _options, done) => {
    addRoutes(scope, options);
    done();
  });
  return {
    async start() {
      const where = { ...listen, reusePort: options.isShared === true };
      try {
        await server.listen(where);
      } catch (cause) {
        throw new HubError("API_LISTEN_FAILED", { ...listen }, { cause });
      }
      log.info({ address: listen }, "https for branches listening");
    },
    async stop() {
      desk.release();
      await server.close();
    },
    renewCredentials: (renewed) => server.server.setSecureContext(tlsOptions(renewed)),
  };
}

function addRoutes(scope: FastifyInstance, options: ApiServerOptions): void {
  scope.get<{ Params: { branch: string } }>("/topology/branches/:branch", (request, reply) =>
    answer(request, reply, options),
  );
  addRecordRoute(scope, options);
  scope.setNotFoundHandler({ preHandler: scope.rateLimit() }, (_request, reply) =>
    reply.code(404).send({ error: "there is nothing here" }),
  );
}

function refusalOf(login: Login, { settings, log }: ApiServerOptions): Refusal {
  return { login, settings: settings(), log };
}

async function answer(request: BranchRequest, reply: FastifyReply, options: ApiServerOptions): Promise<FastifyReply> {
  const { desk } = options;
  const login = loginOf(request, options);
  if (login.kind !== "branch" || login.branch !== request.params.branch) {
    return refuse(request, reply, refusalOf(login, options));
  }
  const { branch } = login;
  const seen = request.headers["if-none-match"];
  const first = desk.partOf(branch);
  const seconds = waitSeconds(request);
  if (first !== undefined && names(seen, first.tag) && seconds > 0) {
    await waitConnected(request, (signal) => desk.wait(branch, seconds * 1_000, signal));
    if (loginOf(request, options).kind !== "branch") {
      return refuse(request, reply, refusalOf({ kind: "unknown" }, options)); // its secret was changed meanwhile
    }
  }
  const held = desk.partOf(branch);
  if (held === undefined) {
    return desk.isEmpty
      ? reply.code(503).header("Retry-After", NO_PLAN_RETRY_SECONDS).send({ error: "no topology has been published" })
      : reply.code(404).send({ error: "this branch is not in the topology in force" });
  }
  reply.header("ETag", held.tag).header("Cache-Control", "private, no-cache");
  return names(seen, held.tag) ? reply.code(304).send() : reply.send(held.texts);
}

/** `Prefer: wait=25` (RFC 7240 §4.3): how long the client is ready to wait for something new. */
function waitSeconds({ headers: { prefer } }: FastifyRequest): number {
  const text = /(?:^|[,;]\s*)wait=(\d{1,4})\b/.exec(String(prefer ?? ""))?.[1];
  return Math.min(Number(text ?? 0), MAX_WAIT_SECONDS);
}

/** `If-None-Match` (RFC 9110 §13.1.2). */
function names(header: string | undefined, tag: string): boolean {
  return (header ?? "").split(",").some((each) => each.trim().replace(/^W\//, "") === tag);
}

async function waitConnected(request: FastifyRequest, wait: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const gone = new AbortController();
  const end = (): void => gone.abort();
  request.socket.once("close", end);
  try {
    await wait(gone.signal);
  } finally {
    request.socket.off("close", end);
  }
}
