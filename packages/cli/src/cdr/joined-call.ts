import type { CallRecord } from "@mss/model";

/** One call with what every node has recorded of it. Times and outcome are those of the record nearest to the caller. */
export interface JoinedCall {
  readonly sessionId: string;
  readonly from: string;
  readonly to: string;
  readonly origin: string;
  /** Where the last node sent it; absent when that sent it nowhere. */
  readonly target?: string;
  /** In the order in which the call crossed them. */
  readonly nodes: readonly string[];
  readonly result: CallRecord["result"];
  readonly status: number;
  readonly startedAt: string;
  readonly answeredAt?: string;
  readonly endedAt: string;
  readonly endedBy: CallRecord["endedBy"];
  readonly setupMs: number;
  readonly durationMs: number;
  /** In the order of `nodes`; a node has several where the call crossed it twice, or was transferred there. */
  readonly legs: readonly CallRecord[];
}

/** The calls of these records, by the id that a call has at every node, in the order of their beginning. */
export function joinCalls(records: Iterable<CallRecord>): readonly JoinedCall[] {
  const bySession = Map.groupBy(records, ({ sessionId }) => sessionId);
  const calls = bySession.values().map((legs) => joinLegs(legs));
  return [...calls].toSorted((one, other) => compare(one.startedAt, other.startedAt));
}

function joinLegs(records: readonly CallRecord[]): JoinedCall {
  const legs = inOrder(records);
  const [first] = legs;
  if (first === undefined) {
    throw new TypeError("a call has a record");
  }
  const { sessionId, from, to, origin, result, status, startedAt, answeredAt, endedAt, endedBy } = first;
  const target = legs.findLast((leg) => leg.result === result && leg.target !== undefined)?.target ?? first.target;
  return {
    sessionId,
    from,
    to,
    origin,
    ...(target === undefined ? {} : { target }),
    nodes: [...new Set(legs.map(({ node }) => node))],
    result,
    status,
    startedAt,
    ...(answeredAt === undefined ? {} : { answeredAt }),
    endedAt,
    endedBy,
    setupMs: first.setupMs,
    durationMs: first.durationMs,
    legs,
  };
}

/**
 * From the caller's node on, each followed by where it sent the call: clocks of nodes differ, so times alone do not say
 * it. What does not hang together follows by time.
 */
function inOrder(records: readonly CallRecord[]): readonly CallRecord[] {
  const left = records.toSorted((one, other) => compare(rankOf(one) + one.startedAt, rankOf(other) + other.startedAt));
  const ordered: CallRecord[] = [];
  while (left.length > 0) {
    const before = ordered.at(-1);
    const next = left.findIndex((record) => before !== undefined && hasSentTo(before, record));
    ordered.push(...left.splice(Math.max(0, next), 1));
  }
  return ordered;
}

/** What a phone has begun comes before what a node has brought, and what a transfer has begun comes after both. */
function rankOf({ origin, transferredBy }: CallRecord): string {
  return transferredBy !== undefined ? "2" : /^(?:hub|branch):/.test(origin) ? "1" : "0";
}

function hasSentTo({ node, target }: CallRecord, next: CallRecord): boolean {
  const isTarget = target === `hub:${next.node}` || target === `branch:${next.node}`;
  return isTarget && (next.origin === `hub:${node}` || next.origin === `branch:${node}`);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
