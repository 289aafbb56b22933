export interface WorkerTiming {
  /** Until a worker that ended is started again; doubled with each end that follows soon. */
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  /** One that was up for so long has not failed to start: its next pause is the shortest. */
  readonly steadyMs: number;
  /** From one question whether it lives to the next. */
  readonly pingMs: number;
  /** Without an answer for so long it is ended, and started again. */
  readonly hangMs: number;
}

export const WORKER_TIMING: WorkerTiming = {
  minPauseMs: 250,
  maxPauseMs: 30_000,
  steadyMs: 60_000,
  pingMs: 5_000,
  hangMs: 30_000,
};

/** Why a worker could not start: one line, and the exit status of a process that says so. */
export interface WorkerFault {
  readonly text: string;
  readonly status: number;
}
