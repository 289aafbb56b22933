import { Random, mutate } from "@mss/sip-message/testing";
import type { Outcome } from "./oracles.ts";
import { OracleError, costOf, judge, judgeStream } from "./oracles.ts";
import { SEEDS } from "./seeds.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first mutant. A mutant depends on nothing but the seed and its number. */
  readonly from?: number;
  readonly mutants: number;
  /** Also measure what each costs; a message above `limitMs` each time it is measured is a finding. */
  readonly limitMs?: number;
  readonly onProgress?: (report: FuzzReport) => void;
}

export interface Finding {
  readonly mutant: number;
  readonly oracle: string;
  readonly details: string;
  /** The mutant, made as small as it goes without losing the finding. */
  readonly text: string;
}

export interface FuzzReport {
  readonly mutants: number;
  /** By outcome: `passed`, `dropped` and each status. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Dearest message of all, in milliseconds, the best of its measurements; 0 when nothing was measured. */
  readonly slowestMs: number;
}

const PROGRESS = 100_000;
const MOST_FINDINGS = 20;
const MEASUREMENTS = 7;

/** The text of one mutant. */
export function mutantOf(seed: number, number: number): { readonly text: string; readonly random: Random } {
  const random = new Random(seed, number);
  // In turns, so that every seed message has its share.
  const text = SEEDS[number % SEEDS.length] ?? "";
  const other = SEEDS[random.below(SEEDS.length)] ?? "";
  return { text: mutate(text, random, other), random };
}

/** Makes mutants and asks every oracle about each. */
export function fuzz(options: FuzzOptions): FuzzReport {
  const { seed, from = 0, mutants, limitMs, onProgress } = options;
  const outcomes: Record<string, number> = {};
  const findings: Finding[] = [];
  let slowestMs = 0;
  const report = (count: number): FuzzReport => ({ mutants: count, outcomes, findings, slowestMs });
  for (let number = from; number < from + mutants && findings.length < MOST_FINDINGS; number += 1) {
    const { text, random } = mutantOf(seed, number);
    try {
      const outcome: Outcome = judge(text);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      judgeStream(text, random);
      if (limitMs !== undefined) {
        slowestMs = Math.max(slowestMs, requireCheap(text, limitMs));
      }
    } catch (error) {
      findings.push(findingOf(error, number, text));
    }
    const done = number - from + 1;
    if (done % PROGRESS === 0) {
      onProgress?.(report(done));
    }
  }
  return report(mutants);
}

/** The cost of the dearer of the two readers; on a busy machine only the best of some measurements says anything. */
function requireCheap(text: string, limitMs: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MEASUREMENTS && best > limitMs / 2; round += 1) {
    const { ownMs, drachtioMs } = costOf(text);
    best = Math.min(best, Math.max(ownMs, drachtioMs));
  }
  if (best > limitMs) {
    throw new OracleError("too slow", `${best.toFixed(2)} ms`);
  }
  return best;
}

function findingOf(error: unknown, mutant: number, text: string): Finding {
  const oracle = oracleOf(error);
  return { mutant, oracle, details: String(error), text: shrink(text, oracle) };
}

function oracleOf(error: unknown): string {
  return error instanceof OracleError ? error.oracle : `thrown: ${String(error).slice(0, 80)}`;
}

function failureOf(text: string): string | undefined {
  try {
    judge(text);
    return undefined;
  } catch (error) {
    return oracleOf(error);
  }
}

/** Takes away what the finding does not need: halves first, then single characters. */
function shrink(text: string, oracle: string): string {
  let smallest = text;
  for (let size = Math.ceil(text.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length;) {
      const shorter = smallest.slice(0, at) + smallest.slice(at + size);
      if (failureOf(shorter) === oracle) {
        smallest = shorter;
      } else {
        at += size;
      }
    }
  }
  return smallest;
}
