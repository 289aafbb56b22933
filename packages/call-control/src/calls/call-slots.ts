import type { LeaseRequest } from "../bridge/types.ts";
import type { Leases } from "./leases.ts";

interface Slot {
  readonly key: string;
  readonly leaseId: string;
}

/** The trunk slots of one call: taken one by one, given back together, once, on every path. */
export class CallSlots {
  readonly #leases: Leases;
  readonly #callId: string;
  #slots: Slot[] = [];
  #released = false;

  /** `callId` is unique over all nodes. */
  constructor(leases: Leases, callId: string) {
    this.#leases = leases;
    this.#callId = callId;
  }

  /** Takes a slot; false when there is none free. The same key twice is one slot. */
  async acquire(lease: LeaseRequest): Promise<boolean> {
    const slot = { key: lease.key, leaseId: `${this.#callId}:${lease.key}` };
    const granted = await this.#leases.acquire(lease, slot.leaseId);
    if (granted && this.#released) {
      this.#leases.release(slot.key, slot.leaseId); // the call ended meanwhile
      return false;
    }
    if (granted && !this.#slots.some(({ leaseId }) => leaseId === slot.leaseId)) {
      this.#slots.push(slot);
    }
    return granted;
  }

  /** The slots of `other` are held here from now on: one of its trunk legs goes on in this call. */
  takeOver(other: CallSlots): void {
    this.#slots.push(...other.#slots);
    other.#slots = [];
    if (this.#released) {
      this.release();
    }
  }

  release(): void {
    this.#released = true;
    for (const { key, leaseId } of this.#slots) {
      this.#leases.release(key, leaseId);
    }
    this.#slots = [];
  }
}
