/** How many call records a store keeps, newest first to stay; a Redis stream may keep a few more (MAXLEN ~). */
export const KEPT_CALL_RECORDS = 100_000;
