import { UNTOUCHED } from "./fault.ts";
import type { Fault } from "./fault.ts";
import { BRANCH_FAULTS } from "./faults/branch.ts";
import { HUB_FAULTS } from "./faults/hub.ts";
import { LINE_FAULTS } from "./faults/line.ts";
import { PLAN_FAULTS } from "./faults/plan-in-redis.ts";
import { REDIS_FAULTS } from "./faults/redis.ts";
import { SURROUNDINGS_FAULTS } from "./faults/surroundings.ts";

const NOTHING: Fault = {
  id: "CH-00",
  name: "nothing",
  demands: UNTOUCHED,
  begin() {},
  lastsMs: 5_000,
  afterMs: 0,
};

/** Those that need no federation of their own come first: they share one. */
export const FAULTS: readonly Fault[] = [
  NOTHING,
  ...REDIS_FAULTS,
  ...HUB_FAULTS,
  ...BRANCH_FAULTS,
  ...LINE_FAULTS,
  ...PLAN_FAULTS,
  ...SURROUNDINGS_FAULTS,
];
