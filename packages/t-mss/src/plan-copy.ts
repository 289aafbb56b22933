import type { CopyStore, SealedRevision, Snapshot } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { beginTrust, keysForCopy, openRevision, readKeptRevision, writeKeptRevision } from "@mss/topology";
import type { Trust } from "@mss/topology";

export interface PlanCopyOptions {
  /** Absent: nothing is kept. */
  readonly store?: CopyStore;
  readonly federation: string;
  readonly log: Logger;
}

/** A revision that was in force when the hub last ran, opened. */
export interface CopiedPlan {
  readonly sealed: SealedRevision;
  readonly snapshot: Snapshot;
  readonly trust: Trust;
}

/** The last good revision on the hub's own disk. What is wrong with it is told in the log and as `problem`; no call waits. */
export class PlanCopy {
  readonly #options: PlanCopyOptions;
  #problem: string | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: PlanCopyOptions) {
    this.#options = options;
  }

  /** Why the last revision is not on the disk, in words. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** `named` is whose signatures the hub's file asks for. */
  async load(named: readonly string[]): Promise<CopiedPlan | undefined> {
    const { store, log, federation } = this.#options;
    let value: unknown;
    try {
      value = await store?.load();
    } catch (error) {
      log.error({ err: error }, "the copy of the topology on disk cannot be used");
      return undefined;
    }
    if (value === undefined) {
      return undefined;
    }
    const kept = readKeptRevision(value);
    if (kept === undefined) {
      log.error({ reason: "it does not have the form that this version reads" }, "the copy on disk cannot be used");
      return undefined;
    }
    const { sealed } = kept;
    const trust = beginTrust(named, kept.trust);
    const trustedKeys = keysForCopy(sealed.header.signedBy, { trust, kept: kept.trust });
    const opened = openRevision(sealed, { federation, trustedKeys });
    if (opened.kind === "refused") {
      log.error({ reason: opened.reason, revision: sealed.header.revision }, "the copy on disk cannot be used");
      return undefined;
    }
    return { sealed, snapshot: opened.revision.snapshot, trust };
  }

  /** Puts it on the disk after what is on its way there. Never rejects. */
  save(sealed: SealedRevision, trust: Trust): void {
    this.#saving = this.#put(sealed, trust);
  }

  /** Resolves when everything is on the disk, or has failed. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #put(sealed: SealedRevision, trust: Trust): Promise<void> {
    const { store, log } = this.#options;
    try {
      await store?.save(writeKeptRevision({ sealed, trust }));
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : "unknown";
      const advice =
        "the hub would start with an older topology: look at the disk and the rights of its data directory";
      log.error({ err: error, advice }, "the topology could not be copied to the disk");
    }
  }
}
