import type { PublishOutcome, Revision, Snapshot, TopologyStore } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { TypedEmitter } from "@mss/runtime";

type TopologyEvents = { revision: [Revision] };

export class MemoryTopologyStore implements TopologyStore {
  readonly #log: Logger;
  readonly #emitter: TypedEmitter<TopologyEvents>;
  #current: Revision | undefined;

  constructor(log: Logger) {
    this.#log = log;
    this.#emitter = new TypedEmitter<TopologyEvents>((error) => {
      this.#log.error({ err: error }, "topology watcher failed");
    });
  }

  async current(): Promise<Revision | undefined> {
    return this.#current;
  }

  async publish(snapshot: Snapshot, expectedRevision: number): Promise<PublishOutcome> {
    const revision = this.#current?.revision ?? 0;
    if (this.#current?.snapshot.hash === snapshot.hash) {
      return { kind: "unchanged", revision };
    }
    if (revision !== expectedRevision) {
      return { kind: "conflict", revision };
    }
    const published: Revision = { revision: revision + 1, snapshot, publishedAt: new Date().toISOString() };
    this.#current = published;
    // Not at once: a watcher that publishes from within its call would turn the order round for the next watcher.
    queueMicrotask(() => {
      this.#emitter.emit("revision", published);
    });
    return { kind: "published", revision: revision + 1 };
  }

  async watch(onRevision: (revision: Revision) => void): Promise<() => Promise<void>> {
    let seen = 0;
    const deliver = (revision: Revision): void => {
      // What is current when the watch begins may also be on its way as an event.
      if (revision.revision > seen) {
        seen = revision.revision;
        onRevision(revision);
      }
    };
    const off = this.#emitter.on("revision", deliver);
    if (this.#current !== undefined) {
      try {
        deliver(this.#current);
      } catch (error) {
        this.#log.error({ err: error }, "topology watcher failed");
      }
    }
    return async () => {
      off();
    };
  }

  /** Takes every watcher off. */
  close(): void {
    this.#emitter.removeAllListeners();
  }
}
