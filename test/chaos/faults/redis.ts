import { UNTOUCHED } from "../fault.ts";
import type { Fault } from "../fault.ts";

/** The hubs' store is away or slow. */
export const REDIS_FAULTS: readonly Fault[] = [
  {
    id: "CH-01",
    name: "Redis killed",
    demands: UNTOUCHED,
    begin: (federation) => federation.redis.kill(),
    lastsMs: 8_000,
    end: (federation) => federation.redis.restart(),
    afterMs: 2_000,
  },
  {
    id: "CH-02",
    name: "Redis frozen",
    demands: UNTOUCHED,
    begin: (federation) => federation.redis.freeze(),
    lastsMs: 15_000,
    end: (federation) => federation.redis.thaw(),
    afterMs: 2_000,
  },
  {
    id: "CH-02",
    name: "Redis slow: half a second of each 0.6",
    demands: UNTOUCHED,
    begin: (federation) => federation.slowRedis(),
    lastsMs: 10_000,
    end: (federation) => federation.normalRedis(),
    afterMs: 2_000,
  },
];
