import { KeptThread, isCoded } from "@mss/runtime";
import type { SharedText } from "@mss/model";
import { STORE_ERRORS, StoreError } from "../errors.ts";
import type { StoreErrorCode } from "../errors.ts";
import type { SnapshotJob } from "./snapshot-worker.ts";

const PROGRAM = new URL("snapshot-worker.ts", import.meta.url);
/** A gigabyte over a slow line. */
const JOB_LIMIT_MS = 120_000;

/**
 * Moves the texts of large snapshots between Redis and memory that threads share, in a thread with a connection of its own:
 * the thread of the calls sees none of their bytes. Rejects with the codes of the store.
 */
export class SnapshotThread {
  readonly #thread: KeptThread;

  constructor(url: string) {
    this.#thread = new KeptThread({ program: PROGRAM, name: "snapshots", data: { url }, jobLimitMs: JOB_LIMIT_MS });
  }

  /** The text whose pieces are in the record of that key. */
  read(key: string, byteLength: number): Promise<SharedText> {
    return this.#run<SharedText>({ kind: "read", key, byteLength });
  }

  /** Puts all pieces but the first where a script can take them from. */
  async stage(stage: string, text: SharedText): Promise<void> {
    await this.#run({ kind: "stage", stage, text });
  }

  stop(): Promise<void> {
    return this.#thread.stop();
  }

  async #run<Result>(job: SnapshotJob): Promise<Result> {
    try {
      return await this.#thread.run<Result>(job);
    } catch (cause) {
      const code = isCoded(cause) && isStoreCode(cause.details["code"]) ? cause.details["code"] : "STORE_UNAVAILABLE";
      throw new StoreError(code, { operation: `${job.kind} snapshot` }, { cause });
    }
  }
}

function isStoreCode(code: unknown): code is StoreErrorCode {
  return typeof code === "string" && Object.hasOwn(STORE_ERRORS, code);
}
