import { failureHeaders } from "../bridge/failure-headers.ts";
import { bestFailure, mayTryNext } from "../bridge/failure.ts";
import type { LegFailure } from "../bridge/failure.ts";
import { responseHeaders, unsupportedRequirements } from "../bridge/header-policy.ts";
import { loneFailure, loneRequestTo } from "../bridge/lone-request.ts";
import type { LoneMethod, LoneRequest } from "../bridge/lone-request.ts";
import { loopOf, loopReason } from "../bridge/loop.ts";
import { asksForTls, secureTarget } from "../bridge/secure-target.ts";
import type { CallTarget } from "../bridge/types.ts";
import type { IncomingRequest, RequestOutcome, SipHeaders } from "../drachtio/types.ts";
import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import type { Reply } from "../pipeline.ts";
import type { CallDeps } from "./call.ts";

export type RequestDeskDeps = Pick<CallDeps, "server" | "route" | "limits" | "recorder"> &
  Pick<CallDeps["recorder"], "log">;

type Taken = Extract<RequestOutcome, { kind: "answered" }>;
type Result = { readonly taken: Taken } | { readonly failure: LegFailure };

const LONE_METHODS: readonly string[] = ["MESSAGE", "OPTIONS", "NOTIFY"] satisfies LoneMethod[];

function isLone(method: string): method is LoneMethod {
  return LONE_METHODS.includes(method);
}

/**
 * MESSAGE, OPTIONS and NOTIFY that belong to no call: authenticated, routed and refused as a call of the same two numbers
 * would be, and answered once. All phones of a number get it; the first that takes it answers (RFC 3428 §6). It holds no
 * slot of a trunk and leaves no call record.
 */
export class RequestDesk {
  readonly #deps: RequestDeskDeps;

  constructor(deps: RequestDeskDeps) {
    this.#deps = deps;
  }

  async relay(request: IncomingRequest): Promise<void> {
    const { method } = request;
    if (!isLone(method)) {
      request.reply(405);
      return;
    }
    const unsupported = unsupportedRequirements((name) => request.header(name), "within a call");
    if (request.maxForwards === 0) {
      request.reply(483);
    } else if (unsupported.length > 0) {
      request.reply(420, { headers: { Unsupported: unsupported.join(", ") } });
    } else {
      await this.#route(method, request);
    }
  }

  async #route(method: LoneMethod, request: IncomingRequest): Promise<void> {
    const verdict = await this.#deps.route(request);
    if (verdict.kind === "reply") {
      this.#refuse(request, verdict);
      return;
    }
    const plan = verdict.ctx;
    const { node } = this.#deps.recorder;
    const loop = loopOf(plan, node);
    if (loop !== undefined) {
      this.#fail(request, "CALL_LOOP", { headers: { Reason: loopReason(loop) } });
      return;
    }
    let failure: LegFailure | undefined;
    for (const { targets } of plan.steps) {
      const result = await this.#ask({ method, request, plan, node }, targets);
      if ("taken" in result) {
        this.#pass(request, result.taken);
        return;
      }
      failure = result.failure;
      if (!mayTryNext([failure])) {
        break;
      }
    }
    this.#fail(request, failure?.code ?? "NO_ROUTE", failure ?? {});
  }

  /** The first of them that takes it; the others get it, too. */
  async #ask(lone: LoneRequest, targets: readonly CallTarget[]): Promise<Result> {
    const { server, log } = this.#deps;
    const isSecure = asksForTls(lone.request.requestUri);
    const failures: LegFailure[] = [];
    const asked = targets.map(async (planned): Promise<Taken> => {
      const target = isSecure ? secureTarget(planned) : planned;
      if (target === undefined) {
        const status = ERRORS.NOT_SECURE.sip;
        failures.push({ code: "NOT_SECURE", target: planned.label, status, rang: false });
        throw new Error("not secure");
      }
      const outcome = await server.request(loneRequestTo(lone, target));
      const failure = loneFailure(outcome, target);
      log.debug(
        { method: lone.method, route: target.label, ...(failure && { code: failure.code }) },
        "request relayed",
      );
      if (failure !== undefined || outcome.kind === "failed") {
        failures.push(failure ?? { code: "INTERNAL", target: target.label, status: 500, rang: false });
        throw new Error("not taken");
      }
      return outcome;
    });
    try {
      return { taken: await Promise.any(asked) };
    } catch {
      const none: LegFailure = { code: "NO_ROUTE", target: "none", status: ERRORS.NO_ROUTE.sip, rang: false };
      return { failure: bestFailure(failures) ?? none };
    }
  }

  #pass(request: IncomingRequest, taken: Taken): void {
    const { status, reason, body } = taken;
    const headers = responseHeaders((name) => taken.header(name));
    request.reply(status, { headers, body, ...(reason === "" ? {} : { reason }) });
  }

  #refuse(request: IncomingRequest, { status, reason, headers, code }: Reply): void {
    const told = { status, ...(reason === undefined ? {} : { reason }), ...(headers === undefined ? {} : { headers }) };
    if (code === undefined) {
      request.reply(status, told);
    } else {
      this.#fail(request, code, told);
    }
  }

  #fail(
    request: IncomingRequest,
    code: CallErrorCode,
    told: { readonly status?: number; readonly reason?: string; readonly headers?: SipHeaders },
  ): void {
    const status = told.status ?? ERRORS[code].sip;
    const { retryAfterSeconds } = this.#deps.limits;
    request.reply(status, {
      headers: failureHeaders({ code, status, headers: told.headers, retryAfterSeconds }),
      ...(told.reason === undefined ? {} : { reason: told.reason }),
    });
  }
}
