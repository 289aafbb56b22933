/**
 * Milliseconds since 1970 by the wall clock of the process's start, and the monotonic clock since: a clock that is set, or
 * corrected by hours at boot, makes nothing expire in a process that runs. For what must be the true time of day, use `Date`.
 */
export function steadyNowMs(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
