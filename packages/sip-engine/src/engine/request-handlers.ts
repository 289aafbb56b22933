import type { SipRequest } from "@mss/sip-message";
import type { HostPort } from "../transport/types.ts";

/** What becomes of a request that starts something new. */
export type RoutingDecision =
  /** To the applications that want its method, in turn: what happens without any handler. */
  | { readonly kind: "any" }
  /** Only to applications that gave this tag when they connected, in turn. */
  | { readonly kind: "tag"; readonly tag: string }
  /** To an application that listens (`srf.listen`), on a connection of this request's own. Loopback only. */
  | { readonly kind: "connect"; readonly to: HostPort }
  /** Answered without any application; `contacts` for a 3xx. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly reason?: string;
      readonly contacts?: readonly string[];
    };

/** drachtio-server's `<request-handlers>`: who gets the requests of a method. */
export interface RequestHandler {
  /** In capitals, or `*` for every method that no other handler names. */
  readonly method: string;
  /** Asked for each request. One that fails, or takes longer than `limits.routingMs`, is answered 480. */
  decide(request: SipRequest): RoutingDecision | Promise<RoutingDecision>;
}
