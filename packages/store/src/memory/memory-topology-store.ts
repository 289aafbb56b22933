import { supersedes } from "@mss/model";
import type {
  HistoryQuery,
  PublishOutcome,
  RestoreOutcome,
  RevisionHeader,
  SealedRevision,
  TopologyStore,
} from "@mss/model";
import type { Logger } from "@mss/runtime";
import { TypedEmitter } from "@mss/runtime";
import { assertFollows } from "../topology/assert-follows.ts";

type TopologyEvents = { change: [SealedRevision] };

export class MemoryTopologyStore implements TopologyStore {
  readonly #log: Logger;
  readonly #emitter: TypedEmitter<TopologyEvents>;
  readonly #revisions = new Map<number, SealedRevision>();
  #current: SealedRevision | undefined;

  constructor(log: Logger) {
    this.#log = log;
    this.#emitter = new TypedEmitter<TopologyEvents>((error) => {
      this.#log.error({ err: error }, "topology watcher failed");
    });
  }

  async current(): Promise<SealedRevision | undefined> {
    return this.#current;
  }

  async read(revision: number): Promise<SealedRevision | undefined> {
    return this.#revisions.get(revision);
  }

  async history({ limit, below = Infinity }: HistoryQuery): Promise<readonly RevisionHeader[]> {
    return [...this.#revisions.values()]
      .map(({ header }) => header)
      .filter(({ revision }) => revision < below)
      .toSorted((one, other) => other.revision - one.revision)
      .slice(0, limit);
  }

  async publish(candidate: SealedRevision, expectedRevision: number): Promise<PublishOutcome> {
    assertFollows(candidate, expectedRevision);
    const revision = this.#current?.header.revision ?? 0;
    if (this.#current?.texts.header === candidate.texts.header) {
      return { kind: "published", revision };
    }
    if (revision !== expectedRevision) {
      return { kind: "conflict", revision };
    }
    this.#set(candidate);
    return { kind: "published", revision: candidate.header.revision };
  }

  async restore(copy: SealedRevision): Promise<RestoreOutcome> {
    if (!supersedes(copy.header, this.#current?.header)) {
      return { kind: "kept", revision: this.#current?.header.revision ?? 0 };
    }
    this.#set(copy);
    return { kind: "restored", revision: copy.header.revision };
  }

  async watch(onChange: (current: SealedRevision | undefined) => void): Promise<() => Promise<void>> {
    let delivered: SealedRevision | undefined;
    const deliver = (current: SealedRevision | undefined): void => {
      // What is current when the watch begins may also be on its way as an event.
      if (current === undefined || current !== delivered) {
        delivered = current;
        onChange(current);
      }
    };
    const off = this.#emitter.on("change", deliver);
    try {
      deliver(this.#current);
    } catch (error) {
      this.#log.error({ err: error }, "topology watcher failed");
    }
    return async () => {
      off();
    };
  }

  /** Takes every watcher off. */
  close(): void {
    this.#emitter.removeAllListeners();
  }

  #set(revision: SealedRevision): void {
    this.#current = revision;
    this.#revisions.set(revision.header.revision, revision);
    // Not at once: a watcher that publishes from within its call would turn the order round for the next watcher.
    queueMicrotask(() => {
      this.#emitter.emit("change", revision);
    });
  }
}
