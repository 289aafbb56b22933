import { silentLog } from "@mss/runtime";
import { FloodGuard } from "../../src/flood/flood-guard.ts";
import { FLOOD_LIMITS } from "../../src/flood/flood-limits.ts";
import type { FloodLimits } from "../../src/flood/flood-limits.ts";
import type { Flow } from "../../src/transport/types.ts";

/** A guard on a clock that stands still until a test moves it. */
export interface ClockedGuard {
  readonly guard: FloodGuard;
  readonly advance: (seconds: number) => void;
  /** How many of so many messages at once pass. */
  readonly passed: (flow: Flow, messages: number) => number;
}

export const NEVER = 1e-9;

export function createGuard(limits: Partial<FloodLimits> = {}, trusted: readonly string[] = []): ClockedGuard {
  let nowMs = 1_000;
  const guard = new FloodGuard({
    limits: { ...FLOOD_LIMITS, ...limits },
    trusted,
    log: silentLog(),
    now: () => nowMs,
  });
  return {
    guard,
    advance: (seconds) => {
      nowMs += seconds * 1000;
    },
    passed: (flow, messages) => {
      let count = 0;
      for (let message = 0; message < messages; message += 1) {
        count += guard.admit(flow) === "pass" ? 1 : 0;
      }
      return count;
    },
  };
}

const LOCAL = { host: "192.0.2.1", port: 5060 };

export function udp(host: string, port = 5060): Flow {
  return { transport: "udp", local: LOCAL, remote: { host, port } };
}

export function tcp(host: string, connection: string, port = 40_000): Flow {
  return { transport: "tcp", local: LOCAL, remote: { host, port }, connection };
}

/** So many different addresses, as an attacker writes them into its packets. */
export function falseAddresses(count: number): readonly Flow[] {
  return Array.from({ length: count }, (_, index) => udp(`198.18.${index >> 8}.${index & 255}`));
}
