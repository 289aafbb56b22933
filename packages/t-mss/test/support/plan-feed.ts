import type { TestContext } from "node:test";
import type { CopyStore, RevisionHeader, SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import { revisionDigest, sealRevision } from "@mss/topology";
import type { SigningKey } from "@mss/topology";
import { planCompiler } from "../../src/compile/compile-plan.ts";
import { PlanThread } from "../../src/compile/plan-thread.ts";
import { PlanFeed } from "../../src/plan-feed.ts";
import type { PlanFeedOptions } from "../../src/plan-feed.ts";
import type { RoutingPlan } from "../../src/routing-plan.ts";
import { snapshotOf } from "./settings.ts";

export const FIRST = snapshotOf();
export const SECOND = snapshotOf({ london: { numbers: ["4xxx", "6xxx"], maxCalls: 7 } });

export function feedOf(t: TestContext, options: Partial<PlanFeedOptions> & Pick<PlanFeedOptions, "store">): PlanFeed {
  const thread = new PlanThread();
  const common = { federation: "acme", hub: "hub-1", compile: planCompiler(thread), log: silentLog() };
  const feed = new PlanFeed({ ...common, ...options });
  t.after(async () => {
    await feed.stop();
    await thread.stop();
  });
  return feed;
}

export function revisionOf(
  revision: number,
  snapshot: Snapshot,
  change: Partial<RevisionHeader> = {},
  key?: SigningKey,
): SealedRevision {
  const publishedAt = "2026-01-01T00:00:00.000Z";
  return sealRevision(snapshot, { revision, publishedAt, author: "alice", message: "", ...change }, key);
}

export function previousOf({ header, texts }: SealedRevision): Pick<RevisionHeader, "previous"> {
  return { previous: { revision: header.revision, digest: revisionDigest(texts.header) } };
}

/** The methods of a store as values, so that a test can put others in their place. */
export function portOf(store: TopologyStore): TopologyStore {
  return {
    current: () => store.current(),
    read: (revision) => store.read(revision),
    history: (query) => store.history(query),
    publish: (candidate, expected) => store.publish(candidate, expected),
    restore: (copy) => store.restore(copy),
    watch: (listener) => store.watch(listener),
  };
}

export function nextPlan(): {
  readonly onPlan: (plan: RoutingPlan) => void;
  until: (revision: number) => Promise<void>;
} {
  const waiting = new Map<number, () => void>();
  const seen = new Set<number>();
  return {
    onPlan: ({ revision }) => {
      seen.add(revision);
      waiting.get(revision)?.();
    },
    until: (revision) =>
      seen.has(revision) ? Promise.resolve() : new Promise((resolve) => void waiting.set(revision, resolve)),
  };
}

/** A store that says what the test wants, and remembers what was given back to it. */
export function scriptedStore(first: SealedRevision | undefined) {
  const restored: number[] = [];
  const watchers: ((current: SealedRevision | undefined) => void)[] = [];
  const store: TopologyStore = {
    ...portOf(createMemoryStores().topology),
    restore: ({ header: { revision } }) => {
      restored.push(revision);
      return Promise.resolve({ kind: "restored", revision });
    },
    watch: (listener) => {
      watchers.push(listener);
      listener(first);
      return Promise.resolve(() => Promise.resolve());
    },
  };
  return { store, restored, tell: (current: SealedRevision | undefined) => watchers.forEach((tell) => tell(current)) };
}

/** A copy on a disk of its own, with what was saved there. */
export function diskOf(first?: unknown): CopyStore & { readonly saved: unknown[] } {
  const saved: unknown[] = first === undefined ? [] : [first];
  return {
    saved,
    load: () => Promise.resolve(saved.at(-1)),
    save: (value) => Promise.resolve(void saved.push(value)),
  };
}

export const away: TopologyStore = {
  ...portOf(createMemoryStores().topology),
  watch: () => Promise.reject(new Error("away")),
};
