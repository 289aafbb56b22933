import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import type { BranchSettings, HubId } from "@mss/model";
import { TypedEmitter } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";
import { HubLink } from "./hub-link.ts";
import type { HubLinkState, HubLinkTiming } from "./hub-link.ts";
import { routeTo } from "./hub-route.ts";
import type { HubRoute } from "./hub-route.ts";

export interface UplinkOptions {
  readonly settings: BranchSettings;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly log: Logger;
  readonly timing?: Partial<HubLinkTiming>;
}

type UplinkEvents = { state: [hub: HubId, state: HubLinkState] };

/**
 * Keeps the branch's trunk registered at each of its hubs, and knows which of them take calls. Starting does not wait
 * for a hub: a branch without hubs serves its own phones.
 */
export class Uplink implements Part {
  readonly #links: readonly HubLink[];
  readonly #emitter: TypedEmitter<UplinkEvents>;

  constructor(options: UplinkOptions) {
    const { settings, log } = options;
    this.#emitter = new TypedEmitter<UplinkEvents>((error) => {
      log.error({ err: error }, "uplink listener failed");
    });
    this.#links = settings.trunk.hubs
      .map((hub) => routeTo(hub, settings))
      .filter((route) => route !== undefined)
      .map(
        (route) =>
          new HubLink({ ...options, route, onState: (state) => this.#emitter.emit("state", route.hub.id, state) }),
      );
  }

  async start(): Promise<void> {
    for (const link of this.#links) {
      link.start();
    }
  }

  /** Takes the registrations back at the hubs that have one, so that they stop sending calls at once. */
  async stop(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
    this.#emitter.removeAllListeners();
  }

  hubsUp(): readonly HubRoute[] {
    return this.#links.filter(({ state }) => state === "up").map(({ route }) => route);
  }

  states(): readonly { readonly hub: HubId; readonly state: HubLinkState }[] {
    return this.#links.map(({ route, state }) => ({ hub: route.hub.id, state }));
  }

  /** Registers again now: at one hub that did not answer a call, or at all of them. */
  refresh(hub?: HubId): void {
    for (const link of this.#links.filter(({ route }) => hub === undefined || route.hub.id === hub)) {
      link.refresh();
    }
  }

  on(event: "state", listener: (hub: HubId, state: HubLinkState) => void): () => void {
    return this.#emitter.on(event, listener);
  }
}
