import { SparseWarnings } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { DigestGuard, FindSecret } from "../auth/types.ts";
import type { IncomingRequest } from "../drachtio/types.ts";
import type { RegisterRequest } from "./register-change.ts";
import type { Registrar } from "./registrar.ts";

export interface RegisterHandlerOptions {
  /** Challenges with 401. */
  readonly guard: DigestGuard;
  readonly findSecret: FindSecret;
  readonly registrar: Registrar;
  readonly log: Logger;
  /** Whether this user may register by such a request, whose password is right; always when absent. */
  readonly admits?: (username: string, request: IncomingRequest) => boolean;
  /** Told after each REGISTER that was answered 200. */
  readonly onRegistered?: (username: string) => void;
}

function registerRequestOf(request: IncomingRequest, aor: string): RegisterRequest {
  const contact = request.header("Contact");
  const expires = request.header("Expires");
  const userAgent = request.header("User-Agent");
  return {
    aor,
    callId: request.callId,
    cseq: request.cseq,
    source: request.source,
    ...(contact === undefined ? {} : { contact }),
    ...(expires === undefined ? {} : { expires }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}

/**
 * The handler of REGISTER: authenticate, then let a user bind its own address of record and no other (403). The user is
 * challenged before anything is looked up, and a user that does not exist is answered as one whose password is wrong.
 */
export function createRegisterHandler(options: RegisterHandlerOptions): (request: IncomingRequest) => Promise<void> {
  const { guard, findSecret, registrar, log } = options;
  const warnings = new SparseWarnings({ log });
  return async (request) => {
    const { source } = request;
    const outcome = await guard.check(request, findSecret);
    if (outcome.kind === "challenge") {
      if (outcome.failed) {
        warnings.warn(source.host, { source, aor: request.to.user }, "registration with wrong credentials");
      }
      request.reply(outcome.status, { headers: outcome.headers });
      return;
    }
    if (outcome.kind === "refused") {
      warnings.warn(source.host, { source, aor: request.to.user, reason: outcome.reason }, "registration refused");
      request.reply(outcome.status);
      return;
    }
    const { username } = outcome;
    if (request.to.user !== username || options.admits?.(username, request) === false) {
      warnings.warn(source.host, { source, username, aor: request.to.user }, "registration not permitted");
      request.reply(403);
      return;
    }
    const answer = await registrar.register(registerRequestOf(request, username));
    request.reply(answer.status, { headers: answer.headers });
    log.debug({ source, aor: username, sip: answer.status }, "register answered");
    if (answer.status === 200) {
      options.onRegistered?.(username);
    }
  };
}
