import type { IncomingRequest, Reply } from "@mss/call-control";
import { dialledNumber, reject } from "@mss/call-control/node";
import { rewriteNumber } from "@mss/dial-plan";
import type { CarrierLineSettings } from "@mss/model";
import { carrierLabel } from "../caller.ts";
import type { Caller } from "../caller.ts";
import type { CarrierPlan } from "./carrier-plan.ts";

export type CarrierArrival =
  | { readonly kind: "caller"; readonly caller: Extract<Caller, { kind: "carrier" }> }
  | (Reply & { readonly origin?: string });

export interface CarrierArrivalOptions {
  /** The lines whose carrier sends from that address. */
  readonly linesFrom: (host: string) => readonly CarrierLineSettings[];
  readonly plan: Pick<CarrierPlan, "numberOf">;
}

/**
 * Whose call it is, when it comes from the address of a carrier; undefined when it does not. It reaches a number of this
 * branch by its public number and nothing else (404): neither a hub nor another line. Of what it says of itself only the
 * called number counts.
 */
export class CarrierArrivals {
  readonly #linesFrom: CarrierArrivalOptions["linesFrom"];
  readonly #plan: CarrierArrivalOptions["plan"];

  constructor({ linesFrom, plan }: CarrierArrivalOptions) {
    this.#linesFrom = linesFrom;
    this.#plan = plan;
  }

  arrival(invite: IncomingRequest): CarrierArrival | undefined {
    const lines = this.#linesFrom(invite.source.host);
    const line = lines.find(({ account }) => account?.username === invite.called) ?? lines[0];
    if (line === undefined) {
      return undefined;
    }
    // who registers is called at its contact: the number that was dialled is in To then
    const asked = line.account?.username === invite.called ? [invite.called, invite.to.user] : [invite.called];
    for (const text of asked) {
      const called = this.#numberOf(text, line);
      if (called !== undefined) {
        return { kind: "caller", caller: { kind: "carrier", line, called } };
      }
    }
    return reject("UNKNOWN_NUMBER", carrierLabel(line));
  }

  /** As the own phones have it. */
  #numberOf(text: string, { called, internationalPrefix }: CarrierLineSettings): string | undefined {
    const digits = dialledNumber(text);
    if (digits === undefined) {
      return undefined;
    }
    const isPrefixed = internationalPrefix !== "+" && digits.startsWith(internationalPrefix);
    const forms = [
      digits,
      isPrefixed ? digits.slice(internationalPrefix.length) : undefined,
      called === undefined ? undefined : rewriteNumber(digits, called),
    ];
    return forms.flatMap((form) => (form === undefined ? [] : (this.#plan.numberOf(form) ?? [])))[0];
  }
}
