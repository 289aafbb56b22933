import { chain, createDigestGuard } from "@mss/call-control";
import type { BridgePlan, CallControl, IncomingRequest, LampPlan, Step, TransferPolicy } from "@mss/call-control";
import { dialledNumber } from "@mss/call-control/node";
import { Registrar, createRegisterHandler } from "@mss/call-control/registrar";
import type { BindingStore, BranchPartBody, BranchSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { settingsWithPart } from "@mss/topology";
import { compileCallPlan } from "./call-plan.ts";
import { CarrierArrivals } from "./carrier/carrier-arrival.ts";
import type { CarrierLines } from "./carrier/carrier-lines.ts";
import { CarrierPlan } from "./carrier/carrier-plan.ts";
import { DirectPlan } from "./direct/direct-plan.ts";
import type { HubRoute } from "./hub-route.ts";
import { findExtension, identify } from "./identify.ts";
import { planCall } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import { takeOver } from "./take-over.ts";
import { planWatch } from "./watch.ts";
import { transferPolicy } from "./transfer.ts";

export interface BranchRoutingOptions {
  /** Of the branch's own file. */
  readonly settings: BranchSettings;
  readonly bindings: BindingStore;
  readonly hubsUp: () => readonly HubRoute[];
  readonly onHubDown: PlanOptions["onHubDown"];
  /** The calls of this node. */
  readonly calls: () => Pick<CallControl, "activeCalls" | "standingOf">;
  readonly carriers: () => Pick<CarrierLines, "linesUp" | "linesFrom">;
  readonly onRegistered: (number: string) => void;
  readonly hubFirstResponseTimeoutMs: number;
  /** False: the engine does not tell whose certificates it has seen, and other branches are not called straight. */
  readonly knowsPeers: boolean;
  readonly log: Logger;
}

/** What a branch does with calls and registrations, by some settings. */
interface Handlers {
  readonly route: Step<IncomingRequest, BridgePlan>;
  readonly watch: Step<IncomingRequest, LampPlan>;
  readonly transfer: TransferPolicy;
  readonly register: (request: IncomingRequest) => Promise<void>;
}

/**
 * Calls and registrations by the branch's file and its part of the topology, which counts for more where it says something.
 * Either is put in the place of the one before by one assignment, for what comes after it; calls that are up stay. Nonces
 * that were given out stay valid. Throws `NUMBERS_REFUSED` for what makes no dial plan, and nothing changes then.
 */
export class BranchRouting {
  readonly #options: Omit<BranchRoutingOptions, "settings">;
  readonly #callGuard;
  readonly #registerGuard;
  #file: BranchSettings;
  #part: BranchPartBody | undefined;
  #settings: BranchSettings;
  #handlers: Handlers;

  constructor({ settings, ...options }: BranchRoutingOptions) {
    this.#options = options;
    const { log } = options;
    const guard = { realm: settings.id, log, algorithms: settings.digestAlgorithms };
    this.#callGuard = createDigestGuard({ ...guard, status: 407 });
    this.#registerGuard = createDigestGuard({ ...guard, status: 401 });
    this.#file = settings;
    this.#settings = settings;
    this.#handlers = this.#build(settings);
  }

  /** Those in force. */
  get settings(): BranchSettings {
    return this.#settings;
  }

  readonly route: Step<IncomingRequest, BridgePlan> = (invite) => this.#handlers.route(invite);

  readonly watch: Step<IncomingRequest, LampPlan> = (request) => this.#handlers.watch(request);

  readonly register = (request: IncomingRequest): Promise<void> => this.#handlers.register(request);

  readonly transfer: TransferPolicy = {
    mayTransfer: (party) => this.#handlers.transfer.mayTransfer(party),
    route: (transfer) => this.#handlers.transfer.route(transfer),
  };

  /** By the number alone. */
  isEmergency({ called }: Pick<IncomingRequest, "called">): boolean {
    const { emergency, outside } = this.#settings;
    const number = emergency === undefined ? undefined : dialledNumber(called);
    if (number === undefined) {
      return false;
    }
    const behind = outside !== undefined && number.startsWith(outside) ? number.slice(outside.length) : number;
    return emergency?.numbers.some((each) => each === number || each === behind) === true;
  }

  useFile(file: BranchSettings): void {
    this.#use(file, this.#part);
  }

  usePart(part: BranchPartBody): void {
    this.#use(this.#file, part);
  }

  #use(file: BranchSettings, part: BranchPartBody | undefined): void {
    const settings = part === undefined ? file : settingsWithPart(file, part);
    this.#handlers = this.#build(settings);
    this.#file = file;
    this.#part = part;
    this.#settings = settings;
  }

  #build(settings: BranchSettings): Handlers {
    const { log, bindings, calls, carriers, onRegistered, knowsPeers } = this.#options;
    const direct = knowsPeers ? DirectPlan.compile(settings) : undefined;
    const carrier = new CarrierPlan(settings, (line) =>
      carriers()
        .linesUp()
        .some(({ id }) => id === line),
    );
    const arrivals = new CarrierArrivals({
      linesFrom: (host) => carriers().linesFrom(host),
      plan: carrier,
    });
    const planOptions: PlanOptions = { ...this.#options, settings, calls: compileCallPlan(settings), direct, carrier };
    const plan = planCall(planOptions);
    const limits = { ...settings.registration, maxContacts: settings.maxContacts };
    const activeCalls = () => calls().activeCalls();
    const identified = identify({
      settings,
      guard: this.#callGuard,
      direct,
      carriers: arrivals,
      activeCalls,
      isEmergency: (invite) => this.isEmergency(invite),
      log,
    });
    return {
      route: chain(identified, takeOver({ calls, plan, log })),
      watch: chain(identified, planWatch(planOptions)),
      transfer: transferPolicy({ settings, plan }),
      register: createRegisterHandler({
        guard: this.#registerGuard,
        findSecret: (username) => findExtension(settings, username)?.settings.secret,
        registrar: new Registrar({ store: bindings, limits, node: settings.id, log }),
        log: log.child({ mod: "registrar" }),
        onRegistered,
      }),
    };
  }
}
