import type { CallTrails, Trail } from "./call-trail.ts";
import type { DemoCall, Hop } from "./ladder.ts";
import type { Phone } from "./phone.ts";

/** The calls of the demo: through the hub, back, and within a branch. */
export const DEMO_CALLS = [
  { from: "1000", to: "4000" },
  { from: "4000", to: "1000" },
  { from: "1000", to: "1001" },
] as const;

/** The phones that these calls need. */
export const DEMO_PHONES: readonly string[] = [...new Set(DEMO_CALLS.flatMap(({ from, to }) => [from, to]))];

export interface PlacedDemoCall {
  readonly call: DemoCall;
  readonly hops: readonly Hop[];
  readonly answered: boolean;
}

/** The records of a call come right after its BYE; this only bounds the wait for one that is lost. */
const TRAIL_LIMIT_MS = 2_000;

/** Places one call, hangs up, and finds out which way it went. */
export async function placeCall(phone: Phone, trails: CallTrails, from: string, to: string): Promise<PlacedDemoCall> {
  trails.clear();
  const outcome = await phone.call(to);
  const answered = outcome.kind === "answered";
  if (answered) {
    await outcome.hangUp();
  }
  const trail = await trails.trailOf(from, to, answered ? TRAIL_LIMIT_MS : 0);
  const result = answered ? "answered" : `${outcome.status} ${outcome.reason}`;
  return {
    call: { from, to, path: pathOf(trail, from, to), setupMs: Math.round(outcome.setupMs * 10) / 10, result },
    hops: trail.records.map(({ node, setupMs }) => ({ node, setupMs })),
    // An answered call of which a node wrote no record is not the success that the demo is to show.
    answered: answered && trail.complete,
  };
}

function pathOf(trail: Trail, from: string, to: string): string[] {
  const nodes = trail.records.map(({ node }) => node);
  return trail.complete ? [from, ...nodes, to] : [from, ...nodes];
}
