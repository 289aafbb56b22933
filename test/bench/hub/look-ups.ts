import { compileHubPlan } from "@mss/dial-plan";
import type { FederationRules, HubPlan } from "@mss/dial-plan";
import { print } from "../core/machine.ts";
import type { Bench } from "../core/options.ts";
import { percentile } from "../core/percentile.ts";
import { markdownTable } from "../core/table.ts";

const BRANCHES = [2, 200, 2_000, 20_000];
const DECISIONS = 200_000;
const ROUNDS = 7;
const ASKED = 4_096; // different numbers, as many as an hour of calls has
const MONDAY_NOON_MS = Date.UTC(2026, 10, 23, 12);

/** Branches with a hundred numbers each, office hours, a route by hours, one that rewrites, and blocked numbers. */
function rulesOf(branches: number): FederationRules<string> {
  return {
    branches: Array.from({ length: branches }, (_unused, index) => ({
      id: `office-${index}`,
      numbers: [`3${String(index).padStart(5, "0")}xx`],
      timeZone: "Europe/London",
    })),
    calendars: [{ id: "office-hours", site: "office-0", open: ["mon-fri 09:00-18:00"] }],
    routes: [
      { id: "support", numbers: ["8000"], when: "office-hours", to: [{ number: "30000000" }, { number: "30000101" }] },
      { id: "old-numbers", numbers: ["7xx"], to: [{ prepend: "30000" }] },
    ],
    blocked: [{ id: "premium", numbers: ["0900*"] }],
  };
}

function compile(branches: number): { readonly plan: HubPlan<string>; readonly buildMs: number } {
  const rules = rulesOf(branches);
  const startedAt = performance.now();
  const compiled = compileHubPlan(rules);
  const buildMs = performance.now() - startedAt;
  if (compiled.kind !== "compiled") {
    throw new Error(`the plan is refused: ${compiled.kind}`);
  }
  return { plan: compiled.plan, buildMs };
}

/** Microseconds for one decision: the middle of several rounds. */
function decisionUs(plan: HubPlan<string>, branches: number): number {
  const numbers = Array.from({ length: ASKED }, (_unused, index) => {
    const office = (index * 7_919) % branches;
    return `3${String(office).padStart(5, "0")}${String(index % 100).padStart(2, "0")}`;
  });
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    let routed = 0;
    for (let turn = 0; turn < DECISIONS; turn += 1) {
      const number = numbers[turn % ASKED] ?? "";
      const question = { number, caller: "30000155", cameFrom: "office-1", atMs: MONDAY_NOON_MS, draw: 0.5 };
      routed += plan.decide(question).kind === "unknown" ? 0 : 1;
    }
    if (routed !== DECISIONS) {
      throw new Error("a number was not found");
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / DECISIONS;
  });
  return percentile(times, 0.5);
}

/** What it takes to know where a call goes, with all rules. */
export const lookUps: Bench = {
  name: "look-ups",
  about: "decisions of the dial plan with 2 to 20,000 branches; a million ranges are packages/dial-plan/bench",
  run() {
    const rows = BRANCHES.map((branches) => {
      const { plan, buildMs } = compile(branches);
      const us = decisionUs(plan, branches);
      const row = [String(branches), `${buildMs.toFixed(0)} ms`, `${us.toFixed(2)} µs`, (1_000_000 / us).toFixed(0)];
      print(row.join("  "));
      return row;
    });
    const head = ["branches", "compiled in", "processor time of a decision", "a second of one processor"];
    return Promise.resolve({ text: markdownTable(head, rows) });
  },
};
