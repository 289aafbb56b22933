/** Where a command writes: results on `out`, everything said to a person on `err`. Injected, so that tests can read it. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Exit statuses of every command. */
export const EXIT = {
  ok: 0,
  /** The answer is no, now: a call failed, or a node cannot start because of something outside. A supervisor tries again. */
  failed: 1,
  /** The configuration or the command line is wrong; starting again will not help. */
  usage: 2,
  /** Somebody else changed the topology first: look at it again, then decide. */
  conflict: 3,
  /** The shared store cannot be reached: nothing was changed as far as we know; try later. */
  unavailable: 4,
  /** Refused because it takes too much away; `--force` says that it is meant. */
  refused: 5,
} as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];
