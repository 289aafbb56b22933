/** How many call records a store of one node keeps, newest first to stay. */
export const KEPT_CALL_RECORDS = 100_000;
/** How many a branch keeps that no hub has taken: about 1 GB, ten days at a call a second. */
export const KEPT_UNSENT_RECORDS = 1_000_000;
/** The same for Redis: about 500 MB, a month of 5,000 calls a day at three nodes each. A stream may keep a few more (MAXLEN ~). */
export const KEPT_SHARED_RECORDS = 500_000;
export const KEPT_MS = 31 * 86_400_000;
