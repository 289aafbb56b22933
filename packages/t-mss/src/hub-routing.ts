import { chain, createDigestGuard } from "@mss/call-control";
import type { ActiveCall, BridgePlan, IncomingRequest, LampPlan, Step } from "@mss/call-control";
import { Registrar, createRegisterHandler } from "@mss/call-control/registrar";
import type { BindingStore, BranchId, HubSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { findTrunk, identify, isFromBranch } from "./identify.ts";
import { planCall } from "./plan.ts";
import type { ReachAdvice } from "./reach/hub-reach.ts";
import { planWatch } from "./watch.ts";
import type { RoutingPlan } from "./routing-plan.ts";

export interface HubRoutingOptions {
  readonly settings: HubSettings;
  readonly plan: () => RoutingPlan | undefined;
  readonly trunks: BindingStore;
  readonly activeCalls: () => readonly ActiveCall[];
  /** Calls of one session at the other processes of this hub. */
  readonly callsElsewhere: (sessionId: string) => Promise<readonly ActiveCall[]>;
  readonly branchFirstResponseTimeoutMs: number;
  readonly reach: ReachAdvice;
  readonly onRegistered: (branch: BranchId) => void;
  readonly log: Logger;
}

/** What a hub does with a call and with a registration, by some settings. */
interface Handlers {
  readonly route: Step<IncomingRequest, BridgePlan>;
  readonly watch: Step<IncomingRequest, LampPlan>;
  readonly register: (request: IncomingRequest) => Promise<void>;
}

/** Branch nodes on one trunk: the one in use and those that stand by. */
const MAX_NODES_PER_BRANCH = 3;

/**
 * Calls and registrations by the settings of the moment: `update` puts others in their place by one assignment, for what
 * comes after it. Nonces that were given out stay valid.
 */
export class HubRouting {
  readonly #options: Omit<HubRoutingOptions, "settings">;
  readonly #callGuard;
  readonly #registerGuard;
  #settings: HubSettings;
  #handlers: Handlers;

  constructor({ settings, ...options }: HubRoutingOptions) {
    this.#options = options;
    const { log } = options;
    this.#callGuard = createDigestGuard({ realm: settings.federation, log, status: 407 });
    this.#registerGuard = createDigestGuard({ realm: settings.federation, log, status: 401 });
    this.#settings = settings;
    this.#handlers = this.#build(settings);
  }

  get settings(): HubSettings {
    return this.#settings;
  }

  readonly route: Step<IncomingRequest, BridgePlan> = (invite) => this.#handlers.route(invite);

  readonly watch: Step<IncomingRequest, LampPlan> = (request) => this.#handlers.watch(request);

  readonly register = (request: IncomingRequest): Promise<void> => this.#handlers.register(request);

  update(settings: HubSettings): void {
    this.#handlers = this.#build(settings);
    this.#settings = settings;
  }

  #build(settings: HubSettings): Handlers {
    const { log } = this.#options;
    const plan = planCall({ ...this.#options, settings });
    const identified = identify({ settings, guard: this.#callGuard, log });
    return {
      route: chain(identified, plan),
      watch: chain(identified, planWatch(plan)),
      register: this.#registrar(settings),
    };
  }

  #registrar(settings: HubSettings): Handlers["register"] {
    const { log, trunks: store, onRegistered } = this.#options;
    return createRegisterHandler({
      guard: this.#registerGuard,
      findSecret: (username) => findTrunk(settings, username)?.settings.secret,
      registrar: new Registrar({
        store,
        limits: { ...settings.registration, maxContacts: MAX_NODES_PER_BRANCH },
        node: settings.id,
        log,
      }),
      log: log.child({ mod: "registrar" }),
      admits: (username, request) => {
        const trunk = findTrunk(settings, username);
        return trunk !== undefined && isFromBranch(trunk, request, { settings, log });
      },
      onRegistered: (username) => {
        const trunk = findTrunk(settings, username);
        if (trunk !== undefined) {
          onRegistered(trunk.branch);
        }
      },
    });
  }
}
