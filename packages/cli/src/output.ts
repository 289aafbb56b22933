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
} as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];
