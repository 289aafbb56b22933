import { z } from "zod";

export interface LimitBounds {
  readonly min: number;
  readonly max: number;
  readonly standard: number;
  /** What is limited, in which unit, and what happens beyond. */
  readonly description: string;
}

/** One limit that can be set: a whole number with bounds and a default. */
export function limit({ min, max, standard, description }: LimitBounds) {
  return z
    .int()
    .min(min)
    .max(max)
    .default(standard)
    .meta({ description, examples: [String(standard)] });
}
