import type { Contender, Step } from "./contender.ts";

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** One line for each try, while the benchmark runs. */
export function tryLine(name: string, { callsPerSecond, load, isClean, cpu, sippCpu, others }: Step): string {
  const numbers = [
    `${callsPerSecond}/s`.padStart(7),
    `${load.failed} failed`.padStart(12),
    `${load.retransmissions} sent again`.padStart(16),
    `reached ${load.reachedPerSecond.toFixed(0)}/s`.padStart(14),
    `answer ${load.answerMs.toFixed(0)} ms`.padStart(14),
    `cpu ${cpu.map((each) => each.toFixed(2)).join(" + ")}`.padStart(16),
    `sipp ${sippCpu.toFixed(2)} s/1000`,
    `others ${others.toFixed(1)} cores`,
  ];
  return `${name.padEnd(16)} ${numbers.join(" ")}  ${isClean ? "clean" : "-"}`;
}

function cell(step: Step | undefined): string {
  if (step === undefined) {
    return "";
  }
  const { load, isClean, cpu } = step;
  const result = isClean ? "clean" : `${load.failed} failed, ${load.retransmissions} sent again of ${load.calls}`;
  return `${result}, ${sum(cpu).toFixed(2)} s`;
}

/** The steps as a table for a README. */
export function table(contenders: readonly Contender[]): string {
  const rates = [...new Set(contenders.flatMap(({ steps }) => steps.map(({ callsPerSecond }) => callsPerSecond)))];
  const rows = rates
    .toSorted((one, other) => one - other)
    .map((rate) => [
      String(rate),
      ...contenders.map(({ steps }) => cell(steps.find(({ callsPerSecond }) => callsPerSecond === rate))),
    ]);
  const head = ["calls a second", ...contenders.map(({ system }) => system.name)];
  return [head, ["---:", ...contenders.map(() => "---")], ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** The steps of all at one rate: the highest one that all did clean, else the highest one that all did. */
function comparable(contenders: readonly Contender[]): readonly Step[] | undefined {
  const rates = contenders[0]?.steps.map(({ callsPerSecond }) => callsPerSecond) ?? [];
  const rows = rates
    .map((rate) => contenders.flatMap(({ steps }) => steps.find(({ callsPerSecond }) => callsPerSecond === rate) ?? []))
    .filter((steps) => steps.length === contenders.length);
  return rows.findLast((steps) => steps.every(({ isClean }) => isClean)) ?? rows.at(-1);
}

/** What each system reached, and the first one beside the second. */
export function summary(contenders: readonly Contender[]): string {
  const lines = contenders.map(
    ({ system, best }) => `${system.name}: ${best?.callsPerSecond ?? 0} calls a second clean`,
  );
  const [ours, theirs] = contenders;
  if (ours?.best !== undefined && theirs?.best !== undefined) {
    lines.push(`ratio of clean rates: ${(ours.best.callsPerSecond / theirs.best.callsPerSecond).toFixed(2)}`);
  }
  const [own, other] = contenders.length === 2 ? (comparable(contenders) ?? []) : [];
  if (own !== undefined && other !== undefined) {
    const [ownCpu, otherCpu] = [sum(own.cpu), sum(other.cpu)];
    lines.push(
      `processor time for 1,000 calls at ${own.callsPerSecond}/s: ${ownCpu.toFixed(2)} s and ${otherCpu.toFixed(2)} s, ratio ${(otherCpu / ownCpu).toFixed(2)}; SIPp ${own.sippCpu.toFixed(2)} s`,
    );
  }
  return lines.join("\n");
}
