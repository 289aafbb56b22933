import type { FastifyInstance, FastifyReply } from "fastify";
import { branchIdSchema } from "@mss/model";
import type { CallRecordStore, HubSettings } from "@mss/model";
import { isCoded } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { loginOf } from "./branch-login.ts";
import { takeRecords } from "./record-desk.ts";
import { refuse } from "./refuse.ts";
import type { BranchRequest } from "./refuse.ts";

export interface RecordRouteOptions {
  readonly settings: () => HubSettings;
  readonly records: CallRecordStore;
  readonly log: Logger;
}

const BODY_LIMIT_BYTES = 2_000_000;
/** A branch sends at most one batch a second, but one after the other when it was alone for long. */
const REQUESTS_PER_MINUTE_AND_ADDRESS = 600;
const MINUTE_MS = 60_000;
const AWAY_RETRY_SECONDS = "5";

/** `POST /call-records/branches/<id>`: a branch hands over its call records, again if it has heard no answer. */
export function addRecordRoute(scope: FastifyInstance, options: RecordRouteOptions): void {
  scope.post<{ Params: { branch: string } }>(
    "/call-records/branches/:branch",
    {
      bodyLimit: BODY_LIMIT_BYTES,
      config: { rateLimit: { max: REQUESTS_PER_MINUTE_AND_ADDRESS, timeWindow: MINUTE_MS } },
      // Who is not the branch is refused before anything is read of it, and after it was counted.
      preParsing: async (request, reply, payload) => {
        const login = loginOf(request, options);
        if (login.kind === "branch" && login.branch === request.params.branch) {
          return payload;
        }
        return refuse(request, reply, { login, settings: options.settings(), log: options.log });
      },
    },
    (request, reply) => answer(request, reply, options),
  );
}

async function answer(request: BranchRequest, reply: FastifyReply, options: RecordRouteOptions): Promise<FastifyReply> {
  const { records, log } = options;
  const branch = branchIdSchema.parse(request.params.branch); // as its login was
  try {
    const outcome = await takeRecords(branch, request.body, records);
    switch (outcome.kind) {
      case "taken": {
        const { store, refused } = outcome;
        if (refused.length > 0) {
          log.warn({ branch, records: refused.length }, "a branch sends what is no call record");
        }
        return await reply.send({ store, refused });
      }
      case "malformed": {
        return await reply.code(400).send({ error: "a batch is { records: […] }, 1,000 at most" });
      }
      case "foreign": {
        log.warn({ branch, node: outcome.node.slice(0, 64) }, "a branch sends call records of another node");
        return await reply.code(403).send({ error: "a branch sends its own call records only" });
      }
    }
  } catch (error) {
    if (!isCoded(error) || !error.code.startsWith("STORE_")) {
      throw error;
    }
    log.debug({ err: error, branch }, "call records of a branch cannot be taken now");
    return reply.code(503).header("Retry-After", AWAY_RETRY_SECONDS).send({ error: "the store is away" });
  }
}
