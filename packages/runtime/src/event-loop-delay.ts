import { Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { Part } from "./lifecycle.ts";

const INTERVAL_MS = 10;
const LONGEST_MS = 60_000; // a longer one was a machine that slept
const BUCKETS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 5];

/**
 * How late this thread comes to what is due, looked at every 10 ms: the histogram `mss_event_loop_delay_seconds`. Everything
 * that was due during a stall counts, not only the first: 100 ms are ten observations, from 100 ms down to 10.
 */
export function eventLoopDelay(registry: Registry): Part {
  const histogram = new Histogram({
    name: "mss_event_loop_delay_seconds",
    help: "How late the event loop comes to what is due, of looks that were to be every 10 ms",
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  const look = (): void => {
    const now = performance.now();
    const late = Math.min(Math.max(0, now - dueAt), LONGEST_MS);
    for (let passed = 0; passed <= late; passed += INTERVAL_MS) {
      histogram.observe((late - passed) / 1000);
    }
    dueAt = now + INTERVAL_MS;
  };
  return {
    async start() {
      dueAt = performance.now() + INTERVAL_MS;
      timer = setInterval(look, INTERVAL_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
