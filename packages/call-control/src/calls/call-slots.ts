import type { BridgePlan, CallTarget, LeaseRequest } from "../bridge/types.ts";
import type { CallErrorCode } from "../errors.ts";
import type { CallRates } from "./call-rates.ts";
import type { Leases } from "./leases.ts";

interface Slot {
  readonly key: string;
  readonly leaseId: string;
}

/** The trunk slots of one call: taken one by one, given back together, once, on every path. */
export class CallSlots {
  readonly #leases: Leases;
  readonly #rates: Pick<CallRates, "take">;
  readonly #callId: string;
  #slots: Slot[] = [];
  #released = false;

  /** `callId` is unique over all nodes. */
  constructor({ leases, rates }: { readonly leases: Leases; readonly rates: Pick<CallRates, "take"> }, callId: string) {
    this.#leases = leases;
    this.#rates = rates;
    this.#callId = callId;
  }

  /** What a target needs before it is rung, or how it fails. */
  admit({ rate, lease }: CallTarget): Promise<CallErrorCode | undefined> | CallErrorCode | undefined {
    if (rate !== undefined && !this.#rates.take(rate)) {
      return rate.exceeded;
    }
    return lease === undefined ? undefined : this.#refusalOf(lease);
  }

  /** What a call needs before it goes anywhere, or how it fails: what was taken by then is given back with it. */
  async admitCall({ rates = [], leases = [] }: BridgePlan): Promise<CallErrorCode | undefined> {
    const tooSoon = rates.find((rate) => !this.#rates.take(rate));
    if (tooSoon !== undefined) {
      return tooSoon.exceeded;
    }
    for (const lease of leases) {
      const refusal = await this.#refusalOf(lease);
      if (refusal !== undefined) {
        return refusal;
      }
    }
    return undefined;
  }

  async #refusalOf(lease: LeaseRequest): Promise<CallErrorCode | undefined> {
    return (await this.acquire(lease)) ? undefined : (lease.full ?? "TRUNK_FULL");
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
