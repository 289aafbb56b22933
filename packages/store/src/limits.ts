/** How many call records a store keeps, newest first to stay; a Redis stream may keep a few more (MAXLEN ~). */
export const KEPT_CALL_RECORDS = 100_000;
/** How many a branch keeps that no hub has taken: about 1 GB, ten days at a call a second. */
export const KEPT_UNSENT_RECORDS = 1_000_000;
