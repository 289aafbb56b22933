/** One node on a call's way, with how long the call took to be answered as seen from there. */
export interface Hop {
  readonly node: string;
  readonly setupMs: number;
}

/** What the demo found out about one call; also the object that `--json` prints. */
export interface DemoCall {
  readonly from: string;
  readonly to: string;
  /** Every station in order, both phones included: `["1000", "hk", "hub-1", "london", "4000"]`. */
  readonly path: readonly string[];
  /** INVITE to 200 OK as the calling phone saw it, in milliseconds. */
  readonly setupMs: number;
  /** `answered`, or the final answer such as `486 Busy Here`. */
  readonly result: string;
}

const ARROW = " ──▶ ";

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** A call as a small ladder: the stations in one line, under each node how long it waited for the answer. */
export function formatLadder(call: DemoCall, hops: readonly Hop[]): string {
  const times = new Map(hops.map((hop) => [hop.node, milliseconds(hop.setupMs)]));
  const columns = call.path.map((station) => {
    const below = times.get(station) ?? "";
    const width = Math.max(station.length, below.length);
    return { station: station.padEnd(width), below: below.padEnd(width) };
  });
  return [
    `${call.from} → ${call.to}   ${call.result}, set up in ${milliseconds(call.setupMs)}`,
    `  ${columns.map(({ station }) => station).join(ARROW)}`,
    `  ${columns.map(({ below }) => below).join(" ".repeat(ARROW.length))}`.trimEnd(),
  ].join("\n");
}
