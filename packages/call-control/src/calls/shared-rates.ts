import { fieldsOf, itemsOf } from "@mss/runtime";
import type { WorkerGroup } from "@mss/runtime";
import type { RateRequest } from "../bridge/types.ts";
import type { CallRates } from "./call-rates.ts";

const TOPIC = "rates";
/** Until the other processes of the node hear of a call: by so much of its rate a trunk may get more, once. */
const TELL_MS = 50;

interface Taken {
  readonly request: Pick<RateRequest, "key" | "perSecond" | "burst">;
  count: number;
}

/** Call rates of a node that runs in several processes: what one has taken is gone for all, a moment later. */
export class SharedRates implements Pick<CallRates, "take"> {
  readonly #rates: CallRates;
  readonly #group: WorkerGroup;
  readonly #taken = new Map<string, Taken>();
  #isTelling = false;

  constructor(rates: CallRates, group: WorkerGroup) {
    this.#rates = rates;
    this.#group = group;
    group.onTold(TOPIC, (value) => this.#onTold(value));
  }

  take(request: RateRequest): boolean {
    const isTaken = this.#rates.take(request);
    if (isTaken) {
      const { key, perSecond, burst } = request;
      const taken = this.#taken.get(key) ?? { request: { key, perSecond, burst }, count: 0 };
      taken.count += 1;
      this.#taken.set(key, taken);
      this.#tellSoon();
    }
    return isTaken;
  }

  #tellSoon(): void {
    if (!this.#isTelling) {
      this.#isTelling = true;
      setTimeout(() => this.#tell(), TELL_MS).unref();
    }
  }

  #tell(): void {
    this.#isTelling = false;
    this.#group.tell(
      TOPIC,
      [...this.#taken.values()].map(({ request, count }) => ({ ...request, count })),
    );
    this.#taken.clear();
  }

  #onTold(value: unknown): void {
    for (const item of itemsOf(value)) {
      const { key, perSecond, burst, count } = fieldsOf(item);
      if (typeof key === "string" && isCount(perSecond) && isCount(burst) && isCount(count)) {
        this.#rates.spend({ key, perSecond, burst }, count);
      }
    }
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
