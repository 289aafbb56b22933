import { callRecordSchema, recordBatchSchema } from "@mss/model";
import type { BranchId, CallRecord, CallRecordStore } from "@mss/model";

/** What a branch gets for a batch of records. */
export type RecordReply =
  /** `refused`: places in the batch of what is no call record. Everything else is in the store. */
  | { readonly kind: "taken"; readonly store: string; readonly refused: readonly number[] }
  | { readonly kind: "malformed" }
  /** Records of another node are among them: nothing was taken. */
  | { readonly kind: "foreign"; readonly node: string };

/**
 * Takes the records of one branch, and of no other node. Resolves when they are in the store: a branch forgets what was
 * taken. Rejects when the store does not take them now.
 */
export async function takeRecords(branch: BranchId, body: unknown, store: CallRecordStore): Promise<RecordReply> {
  const batch = recordBatchSchema.safeParse(body);
  if (!batch.success) {
    return { kind: "malformed" };
  }
  const records: CallRecord[] = [];
  const refused: number[] = [];
  for (const [index, value] of batch.data.records.entries()) {
    const record = callRecordSchema.safeParse(value);
    if (!record.success) {
      refused.push(index);
    } else if (record.data.node !== branch) {
      return { kind: "foreign", node: record.data.node };
    } else {
      records.push(record.data);
    }
  }
  const { store: name } = await store.insert(records);
  return { kind: "taken", store: name, refused };
}
