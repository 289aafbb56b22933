import type { Contender, Step } from "./contender.ts";

export interface LadderOptions {
  /** Rising, in calls a second. */
  readonly rates: readonly number[];
  readonly seconds: number;
  /** How often the gap between the last clean rate and the first other one is halved. */
  readonly halvings: number;
  readonly onTry: (contender: Contender, step: Step) => void;
}

const ROUND_TO = 10;

/** In turns, and each first in every other turn, so that other work on the machine falls on all of them. */
async function inTurns(
  turn: number,
  contenders: readonly Contender[],
  run: (contender: Contender) => Promise<void>,
): Promise<void> {
  for (const contender of turn % 2 === 0 ? contenders : contenders.toReversed()) {
    await run(contender);
  }
}

/** Every system climbs until a rate is not clean at the second try; then the gap below that rate is halved a few times. */
export async function climbLadder(contenders: readonly Contender[], options: LadderOptions): Promise<void> {
  const { rates, seconds, halvings, onTry } = options;
  let climbing = contenders;
  for (const [turn, rate] of rates.entries()) {
    const up: Contender[] = [];
    await inTurns(turn, climbing, async (contender) => {
      if (await contender.climb(rate, seconds, (step) => onTry(contender, step))) {
        up.push(contender);
      }
    });
    climbing = climbing.filter((contender) => up.includes(contender));
  }
  for (let halving = 0; halving < halvings; halving += 1) {
    await inTurns(halving, contenders, async (contender) => {
      const { best, worst } = contender;
      const middle = Math.round(((best?.callsPerSecond ?? 0) + (worst?.callsPerSecond ?? 0)) / 2 / ROUND_TO) * ROUND_TO;
      if (worst !== undefined && contender.steps.every(({ callsPerSecond }) => callsPerSecond !== middle)) {
        await contender.climb(middle, seconds, (step) => onTry(contender, step));
      }
    });
  }
}
