import type { CallRecord } from "@mss/model";

/** The records of one call in the order in which it crossed the nodes. */
export interface Trail {
  readonly records: readonly CallRecord[];
  /** True when the last record's target is a phone, so that no node is missing. */
  readonly complete: boolean;
}

const LABEL = /^(?<kind>extension|hub|branch):(?<id>.+)$/;

/** Follows a call from the node its phone is on to the next ones, by the targets and the common Session-ID. */
export function followCall(records: readonly CallRecord[], from: string, to: string): Trail {
  const trail: CallRecord[] = [];
  let next = records.find((record) => record.origin === `extension:${from}` && record.to === to);
  let complete = false;
  while (next !== undefined && !trail.includes(next)) {
    const current = next;
    trail.push(current);
    const label = LABEL.exec(current.target ?? "")?.groups;
    complete = label?.["kind"] === "extension";
    next = records.find((record) => record.node === label?.["id"] && record.sessionId === current.sessionId);
  }
  return { records: trail, complete };
}

/** Collects the records of all nodes of a process and tells when those of one call are all there. */
export class CallTrails {
  #records: CallRecord[] = [];
  #waiting = new Set<() => void>();

  add(record: CallRecord): void {
    this.#records.push(record);
    for (const check of this.#waiting) {
      check();
    }
  }

  /** Resolves with the trail once it is complete, or with as much as there is when `limitMs` are over. */
  async trailOf(from: string, to: string, limitMs: number): Promise<Trail> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (followCall(this.#records, from, to).complete) {
        resolve();
      }
    };
    const timer = setTimeout(resolve, limitMs);
    this.#waiting.add(check);
    check();
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(check);
    return followCall(this.#records, from, to);
  }

  /** Forgets what was collected, so that the same two numbers can be followed again. */
  clear(): void {
    this.#records = [];
  }
}
