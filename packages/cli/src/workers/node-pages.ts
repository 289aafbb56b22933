import type { Logger } from "@mss/runtime";
import { PAGE_TOPIC, createHttpServer, joinMetrics, readAnswer } from "@mss/runtime/http";
import type { HttpAnswer, HttpQuestion, HttpServer } from "@mss/runtime/http";
import { mergeCalls, mergeHealth, mergeTrunks, sumOf } from "./merge-pages.ts";
import type { WorkerPage } from "./merge-pages.ts";
import type { Supervisor } from "./supervisor.ts";

export interface NodePagesOptions {
  readonly node: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly supervisor: Pick<Supervisor, "ask" | "statuses">;
  readonly log: Logger;
}

/** The worker that does what one has to do for all. */
const FIRST = 1;
const AWAY: HttpAnswer = { status: 503, headers: { "Retry-After": "1" }, body: { error: "worker 1 does not answer" } };

/** Health, metrics and views of a hub that runs in several processes: asked of all of them, told as one. */
export function createNodePages({ node, listen, supervisor, log }: NodePagesOptions): HttpServer {
  const pages = async (path: string): Promise<readonly WorkerPage[]> => {
    const answers = await supervisor.ask(PAGE_TOPIC, { path });
    return answers.map(({ worker, value }) => ({ worker, body: readAnswer(value)?.body }));
  };
  const ofFirst = async (path: string, { query, authorization }: HttpQuestion): Promise<HttpAnswer> => {
    const [answer] = await supervisor.ask(PAGE_TOPIC, { path, query, authorization }, FIRST);
    return readAnswer(answer?.value) ?? AWAY;
  };
  return createHttpServer({
    listen,
    log,
    registry: joinMetrics(async () => (await pages("/metrics")).map(({ body }) => body)),
    health: async () => mergeHealth(node, supervisor.statuses, await pages("/health")),
    views: {
      "/calls": async () => mergeCalls(await pages("/calls")),
      "/trunks": async () => mergeTrunks(await pages("/trunks")),
      "/sip": async () => sumOf((await pages("/sip")).map(({ body }) => body)),
    },
    answers: { "/explain": (question) => ofFirst("/explain", question) },
  });
}
