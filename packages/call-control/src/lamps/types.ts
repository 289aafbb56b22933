import type { CallTarget } from "../bridge/types.ts";
import type { IncomingRequest } from "../drachtio/types.ts";
import type { Step } from "../pipeline.ts";

/** Where the state of a watched number is known. */
export type LampSource =
  /** Here: what the calls of the node say of the party `label`, and whether it can be called at all. */
  | {
      readonly kind: "own";
      readonly label: string;
      /** Unix time in ms until which a phone is registered; 0 for none. Asked again then, and after `registrationChanged`. */
      readonly registeredUntil: () => Promise<number>;
    }
  /** At another node. `locate` is asked whenever a subscription has to be made; no target: nobody can be asked now. */
  | { readonly kind: "remote"; readonly locate: () => Promise<readonly CallTarget[]> };

/** Who watches what. */
export interface LampPlan {
  /** `extension:1000`, `branch:hk`: counted against the limit of each. */
  readonly origin: string;
  /** Another node, which watches for many: not limited by itself. False when absent. */
  readonly trusted?: boolean;
  /** Subscriptions of the same key share one source. */
  readonly key: string;
  readonly source: LampSource;
}

/** Authenticates and decides for a SUBSCRIBE as a route does for an INVITE. */
export type WatchRoute = Step<IncomingRequest, LampPlan>;
