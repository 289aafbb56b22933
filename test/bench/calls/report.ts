import { megabytes } from "../core/machine.ts";
import { percentile } from "../core/percentile.ts";
import { markdownTable } from "../core/table.ts";
import type { Contender, Step } from "./contender.ts";

/** One line for each try, while the benchmark runs. */
export function tryLine(name: string, { callsPerSecond, load, isClean, cpu, sippCpu, others, stallMs }: Step): string {
  const numbers = [
    `${callsPerSecond}/s`.padStart(7),
    `${load.failed} failed`.padStart(12),
    `${load.retransmissions} sent again`.padStart(17),
    `reached ${load.reachedPerSecond.toFixed(0)}/s`.padStart(14),
    `cpu ${cpu.toFixed(2)}`,
    `sipp ${sippCpu.toFixed(2)} s/1000`,
    `others ${others.toFixed(1)}`,
    ...(stallMs === undefined ? [] : [`stall ≤ ${stallMs} ms`]),
  ];
  return `${name.padEnd(14)} ${numbers.join("  ")}  ${isClean ? "clean" : "-"}`;
}

function rateOf(step: Step | undefined): string {
  return step === undefined ? "none" : String(step.callsPerSecond);
}

const SHARES = [0.5, 0.95, 0.99];

/** What the system adds, by the calls that went straight to the callee at the same time. */
function addedDelay({ halfLoad }: Contender): readonly string[] {
  return SHARES.map((share) => {
    if (halfLoad === undefined) {
      return "";
    }
    const { direct, through } = halfLoad.times;
    return `${Math.max(0, percentile(through, share) - percentile(direct, share)).toFixed(1)} ms`;
  });
}

function bound(stallMs: number | undefined): string {
  return stallMs === undefined ? "" : `≤ ${stallMs} ms`;
}

/** One row for each system. */
export function resultTable(contenders: readonly Contender[]): string {
  const head = [
    "system",
    "clean, calls/s",
    "nothing sent again, calls/s",
    "processor s for 1,000 calls",
    "half load, calls/s",
    "added set-up p50",
    "p95",
    "p99",
    "stalls p99.9 at half load",
    "memory idle",
  ];
  const rows = contenders.map((contender) => [
    contender.system.name,
    rateOf(contender.best),
    rateOf(contender.spotless),
    contender.best?.cpu.toFixed(2) ?? "",
    String(contender.halfLoad?.callsPerSecond ?? ""),
    ...addedDelay(contender),
    bound(contender.halfLoad?.stallMs),
    megabytes(contender.idleBytes),
  ]);
  return markdownTable(head, rows);
}

function cell(step: Step | undefined): string {
  if (step === undefined) {
    return "";
  }
  const { load, isClean, cpu } = step;
  const result = isClean ? "clean" : `${load.failed} failed, ${load.retransmissions} sent again of ${load.calls}`;
  return `${result}, ${cpu.toFixed(2)} s`;
}

/** Every step of every system. */
export function stepTable(contenders: readonly Contender[]): string {
  const rates = new Set(contenders.flatMap(({ steps }) => steps.map(({ callsPerSecond }) => callsPerSecond)));
  const rows = [...rates]
    .toSorted((one, other) => one - other)
    .map((rate) => [
      String(rate),
      ...contenders.map(({ steps }) => cell(steps.find(({ callsPerSecond }) => callsPerSecond === rate))),
    ]);
  return markdownTable(["calls/s", ...contenders.map(({ system }) => system.name)], rows);
}

/** The highest rate at which both did a clean step. */
function commonStep(one: Contender, other: Contender): readonly [Step, Step] | undefined {
  const pairs = one.steps.flatMap((step) => {
    const same = other.steps.find(({ callsPerSecond }) => callsPerSecond === step.callsPerSecond);
    return step.isClean && same?.isClean === true ? [[step, same] as const] : [];
  });
  return pairs.toSorted(([left], [right]) => right.callsPerSecond - left.callsPerSecond)[0];
}

/** Ours beside each of the others, by clean rates and by processor time at one rate. */
export function ratios(contenders: readonly Contender[]): readonly string[] {
  const ours = contenders.filter(({ system }) => system.name.startsWith("hub"));
  const peers = contenders.filter((contender) => !ours.includes(contender));
  return ours.flatMap((own) =>
    peers.flatMap((peer) => {
      if (own.best === undefined || peer.best === undefined) {
        return [];
      }
      const rates = (own.best.callsPerSecond / peer.best.callsPerSecond).toFixed(2);
      const common = commonStep(own, peer);
      const cpu =
        common === undefined
          ? ""
          : `; processor time at ${common[0].callsPerSecond}/s: ${(common[0].cpu / common[1].cpu).toFixed(2)} ×`;
      return [`${own.system.name} : ${peer.system.name} = **${rates} ×** in clean calls a second${cpu}`];
    }),
  );
}
