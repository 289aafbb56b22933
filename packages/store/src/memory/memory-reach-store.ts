import type { HubId, ReachStore, ReachView } from "@mss/model";

export class MemoryReachStore implements ReachStore {
  readonly #nowMs: () => number;
  readonly #views = new Map<HubId, { readonly view: ReachView; readonly expiresAt: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async publish(view: ReachView, ttlMs: number): Promise<void> {
    this.#views.set(view.hub, { view, expiresAt: this.#nowMs() + ttlMs });
  }

  async read(hubs: readonly HubId[]): Promise<readonly ReachView[]> {
    return hubs.flatMap((hub) => {
      const known = this.#views.get(hub);
      return known === undefined || known.expiresAt <= this.#nowMs() ? [] : [known.view];
    });
  }
}
