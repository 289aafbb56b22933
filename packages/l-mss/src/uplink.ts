import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import { nodeName } from "@mss/certificates";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { BranchSettings, HubId } from "@mss/model";
import { TypedEmitter } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { HubLink } from "./hub-link.ts";
import type { HubLinkState, HubLinkTiming } from "./hub-link.ts";
import { HubProbe } from "./hub-probe.ts";
import type { HubProbeTiming } from "./hub-probe.ts";
import { routeTo } from "./hub-route.ts";
import type { HubRoute } from "./hub-route.ts";

export interface UplinkOptions {
  readonly settings: BranchSettings;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly log: Logger;
  readonly timing?: Partial<HubLinkTiming>;
  readonly probe?: Partial<HubProbeTiming>;
}

type UplinkEvents = { state: [hub: HubId, state: HubLinkState] };

/**
 * Keeps the branch's trunk registered at each of its hubs, and knows which of them take calls. Starting does not wait
 * for a hub: a branch without hubs serves its own phones.
 */
export class Uplink implements Part {
  readonly #options: UplinkOptions;
  readonly #emitter: TypedEmitter<UplinkEvents>;
  #trunks: readonly HubTrunk[];
  /** Trunks that are no longer wanted, and end. */
  readonly #ending = new Set<Promise<void>>();
  #isRunning = false;

  constructor(options: UplinkOptions) {
    const { settings, log } = options;
    this.#options = options;
    this.#emitter = new TypedEmitter<UplinkEvents>((error) => {
      log.error({ err: error }, "uplink listener failed");
    });
    this.#trunks = routesOf(settings).map((route) => this.#trunkTo(route, settings));
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    for (const { link } of this.#trunks) {
      link.start();
    }
  }

  /** Takes the registrations back at the hubs that have one, so that they stop sending calls at once. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all([...this.#trunks.map((trunk) => trunk.stop()), ...this.#ending]);
    this.#emitter.removeAllListeners();
  }

  /** Other hubs or another secret: trunks that stay what they were go on undisturbed. */
  update(settings: BranchSettings): void {
    const before = this.#trunks;
    this.#trunks = routesOf(settings).map((route) => {
      const known = before.find(({ link }) => isSameRoute(link.route, route));
      known?.link.update(settings);
      return known ?? this.#trunkTo(route, settings);
    });
    const ended = before.filter((trunk) => !this.#trunks.includes(trunk)).map((trunk) => this.#end(trunk));
    const added = this.#trunks.filter((trunk) => !before.includes(trunk));
    if (this.#isRunning && added.length > 0) {
      // A hub that moved would take the new registration back with the old one, since both have the same contact.
      void Promise.all(ended).then(() => this.#startAll(added));
    }
  }

  #startAll(trunks: readonly HubTrunk[]): void {
    for (const { link } of trunks.filter((each) => this.#isRunning && this.#trunks.includes(each))) {
      link.start();
    }
  }

  #trunkTo(route: HubRoute, settings: BranchSettings): HubTrunk {
    return new HubTrunk({ ...this.#options, settings }, route, (state) =>
      this.#emitter.emit("state", route.hub.id, state),
    );
  }

  #end(trunk: HubTrunk): Promise<void> {
    const ending = trunk.stop().catch((error: unknown) => {
      this.#options.log.warn({ err: error, peer: trunk.link.route.hub.id }, "registration was not taken back");
    });
    this.#ending.add(ending);
    return ending.finally(() => this.#ending.delete(ending));
  }

  hubsUp(): readonly HubRoute[] {
    return this.#trunks.filter(({ state }) => state === "up").map(({ link }) => link.route);
  }

  states(): readonly { readonly hub: HubId; readonly state: HubLinkState }[] {
    return this.#trunks.map(({ link, state }) => ({ hub: link.route.hub.id, state }));
  }

  /** Registers again now: at one hub that did not answer a call, or at all of them. */
  refresh(hub?: HubId): void {
    for (const { link } of this.#trunks.filter(({ link: { route } }) => hub === undefined || route.hub.id === hub)) {
      link.refresh();
    }
  }

  on(event: "state", listener: (hub: HubId, state: HubLinkState) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  /** Tells once when that hub takes no more calls, also when it takes none by now. Returns the function that takes the listener off. */
  onDown(hub: HubId, listener: () => void): () => void {
    if (!this.hubsUp().some((route) => route.hub.id === hub)) {
      const soon = setImmediate(listener);
      return () => clearImmediate(soon);
    }
    const off = this.on("state", (changed, state) => {
      if (changed === hub && state === "down") {
        off();
        listener();
      }
    });
    return off;
  }
}

/** One hub: up while the trunk is registered there and its application answers. */
class HubTrunk {
  readonly link: HubLink;
  readonly #probe: HubProbe;
  readonly #onState: (state: HubLinkState) => void;
  #told: HubLinkState | undefined;

  constructor(options: UplinkOptions, route: HubRoute, onState: (state: HubLinkState) => void) {
    const { request, log, settings, probe: timing } = options;
    this.#onState = onState;
    this.link = new HubLink({ ...options, route, onState: (state) => this.#onLink(state) });
    this.#probe = new HubProbe({
      peer: route.hub.id,
      options: () => optionsFor(route, settings),
      request,
      log,
      timing,
      onChange: (isAlive) => {
        if (isAlive) {
          this.link.refresh(); // one that was away may have forgotten us
        }
        this.#tell();
      },
    });
  }

  get state(): HubLinkState {
    return this.link.state === "up" && this.#probe.isAlive ? "up" : "down";
  }

  async stop(): Promise<void> {
    await Promise.all([this.#probe.stop(), this.link.stop()]);
  }

  /** A hub without our registration is asked by REGISTER alone. */
  #onLink(state: HubLinkState): void {
    if (state === "up") {
      this.#probe.start();
    } else {
      void this.#probe.stop();
    }
    this.#tell();
  }

  #tell(): void {
    const { state } = this;
    if (state !== this.#told) {
      this.#told = state;
      this.#onState(state);
    }
  }
}

function optionsFor(
  { hub, address }: HubRoute,
  { federation, id }: BranchSettings,
): Omit<OutgoingRequest, "timeoutMs"> {
  const proxy = namedHopOf(address, nodeName(hub.id, federation));
  return {
    method: "OPTIONS",
    uri: sipUriOf(address),
    ...(proxy === undefined ? {} : { proxy }),
    headers: { From: `<sip:${id}@${federation}>` },
  };
}

function routesOf(settings: BranchSettings): readonly HubRoute[] {
  return settings.trunk.hubs.map((hub) => routeTo(hub, settings)).filter((route) => route !== undefined);
}

function isSameRoute(one: HubRoute, other: HubRoute): boolean {
  return one.hub.id === other.hub.id && sipUriOf(one.address) === sipUriOf(other.address);
}
