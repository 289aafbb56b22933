/** Counts of `mss_event_loop_delay_seconds` so far, by upper bound in milliseconds; cumulative, as Prometheus has them. */
export type DelayBuckets = ReadonlyMap<number, number>;

const BUCKET = /^mss_event_loop_delay_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\d+)/gm;

export function parseDelayBuckets(metrics: string): DelayBuckets {
  return new Map(
    [...metrics.matchAll(BUCKET)].map(([, bound = "", count = ""]) => [
      bound === "+Inf" ? Infinity : Number(bound) * 1000,
      Number(count),
    ]),
  );
}

/** Upper bound, in milliseconds, of the delay that so large a share of the time between the two looks was below. */
export function delayAt(share: number, before: DelayBuckets, after: DelayBuckets): number {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const total = counts.at(-1)?.[1] ?? 0;
  return counts.find(([, count]) => count >= total * share)?.[0] ?? Number.NaN;
}

/** The metrics of a node of ours. */
export async function readMetrics(host: string, port: number): Promise<string> {
  const response = await fetch(`http://${host}:${port}/metrics`, { signal: AbortSignal.timeout(5_000) });
  return await response.text();
}
