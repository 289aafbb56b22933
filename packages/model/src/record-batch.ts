import { z } from "zod";

const MAX_RECORDS = 1_000;

/** What a branch posts to a hub. Each record is checked by itself: one that is none does not keep the others away. */
export const recordBatchSchema = z.strictObject({ records: z.array(z.unknown()).max(MAX_RECORDS) });

/** What it gets for it: the name of the store, and the places in the batch of what is no call record. */
export const recordReceiptSchema = z
  .object({ store: z.string().min(1), refused: z.array(z.int().nonnegative()).readonly() })
  .readonly();
