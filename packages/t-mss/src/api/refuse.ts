import type { FastifyReply, FastifyRequest } from "fastify";
import type { HubSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import type { Login } from "./branch-login.ts";

export type BranchRequest = FastifyRequest<{ Params: { branch: string } }>;

export interface Refusal {
  readonly login: Login;
  readonly settings: HubSettings;
  readonly log: Logger;
}

/** Of an id in a log line. */
const MAX_ID = 64;

/** Says no to who is not the branch that the path names; nobody is told which branches there are. */
export function refuse(request: BranchRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { login, settings, log } = refusal;
  if (login.kind === "unknown") {
    const challenge = `Basic realm="${settings.federation}", charset="UTF-8"`;
    return reply.code(401).header("WWW-Authenticate", challenge).send({ error: "credentials of a branch are needed" });
  }
  if (login.kind === "branch") {
    const asked = request.params.branch.slice(0, MAX_ID);
    log.warn({ branch: login.branch, asked }, "a branch asks in the name of another");
  }
  return reply.code(403).send({ error: "not with these credentials" });
}
