import type { SealedRevision } from "@mss/model";
import { StoreError } from "../errors.ts";

/** A revision is numbered by its publisher, who must have counted up. Throws `STORE_FAILED`: a fault of the caller. */
export function assertFollows({ header: { revision } }: SealedRevision, expectedRevision: number): void {
  if (revision <= expectedRevision) {
    throw new StoreError("STORE_FAILED", { operation: "publish", revision, expectedRevision });
  }
}
