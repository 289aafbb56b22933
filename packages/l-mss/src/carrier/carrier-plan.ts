import type { BridgeStep, CallTarget, TriedRoute } from "@mss/call-control";
import { PublicNumbers } from "@mss/dial-plan";
import type { BranchSettings, CarrierLineSettings } from "@mss/model";
import { carrierLabel } from "../caller.ts";
import type { Caller } from "../caller.ts";
import { carrierAddress } from "./carrier-uri.ts";

/** A carrier that says nothing for so long is taken for dead and the next line is tried: until the network answers it may take a while. */
const FIRST_RESPONSE_TIMEOUT_MS = 6_000;
/** The network decides how long it lets a phone ring; this only ends a call that nobody ends (RFC 3261 §16.6 Timer C). */
const RING_TIMEOUT_MS = 190_000;

type Extension = Extract<Caller, { kind: "extension" }>;

/** Steps over lines that are up, and the lines that were left out. */
export interface CarrierWays {
  readonly steps: readonly BridgeStep[];
  readonly passedOver: readonly TriedRoute[];
}

const NO_WAYS: CarrierWays = { steps: [], passedOver: [] };

/** The way of calls to the public telephone network, by the settings of a branch. */
export class CarrierPlan {
  readonly #lines: readonly CarrierLineSettings[];
  readonly #overflow: readonly CarrierLineSettings[];
  readonly #own: PublicNumbers;
  readonly #others: PublicNumbers;
  readonly #isUp: (line: string) => boolean;

  constructor({ carrierLines = [], publicNumbers = [], overflow }: BranchSettings, isUp: (line: string) => boolean) {
    this.#lines = carrierLines;
    this.#overflow = (overflow?.lines ?? []).flatMap((name) => carrierLines.find(({ id }) => id === name) ?? []);
    this.#own = new PublicNumbers(publicNumbers);
    this.#others = new PublicNumbers(overflow?.numbers ?? []);
    this.#isUp = isUp;
  }

  /** The own number that is called by one of the public network, given as E.164 digits without `+`. */
  numberOf(publicNumber: string): string | undefined {
    return this.#own.numberOf(publicNumber);
  }

  /** Over every line in order. `number`: without the outside prefix. */
  outside(number: string, caller: Extension): CarrierWays {
    return this.#ways(this.#lines, (line) => this.#target(line, number, caller));
  }

  /** To another branch by its public number, over the lines that are for it. `called`: as it was dialled. */
  overflow(called: string, caller: Extension): CarrierWays {
    const number = this.#others.publicOf(called);
    return number === undefined
      ? NO_WAYS
      : this.#ways(this.#overflow, (line) => this.#target(line, line.internationalPrefix + number, caller));
  }

  /** A call for help: not counted, and tried also where the line seems to be down. Empty for a line that is not there. */
  emergency(name: string, number: string, caller: Extension): readonly CallTarget[] {
    const line = this.#lines.find(({ id }) => id === name);
    if (line === undefined) {
      return [];
    }
    const { lease: _lease, rate: _rate, ...target } = this.#target(line, number, caller);
    return [target];
  }

  #ways(lines: readonly CarrierLineSettings[], targetOf: (line: CarrierLineSettings) => CallTarget): CarrierWays {
    return {
      steps: lines.filter(({ id }) => this.#isUp(id)).map((line) => ({ targets: [targetOf(line)] })),
      passedOver: lines
        .filter(({ id }) => !this.#isUp(id))
        .map((line) => ({ route: carrierLabel(line), code: "PEER_AWAY" as const })),
    };
  }

  #target(line: CarrierLineSettings, number: string, caller: Extension): CallTarget {
    const { account, maxCalls, callRate, domain } = line;
    const label = carrierLabel(line);
    const { name } = caller.settings;
    return {
      label,
      ...carrierAddress(line, number),
      ...(account === undefined ? {} : { credentials: account }),
      callerId: {
        user: this.#shownNumber(line, caller.number),
        domain,
        fromDomain: domain,
        ...(name === undefined || line.caller.unified ? {} : { displayName: name }),
      },
      keepsPrivacy: line.caller.asserted,
      firstResponseTimeoutMs: FIRST_RESPONSE_TIMEOUT_MS,
      ringTimeoutMs: RING_TIMEOUT_MS,
      ...(maxCalls === undefined ? {} : { lease: { key: label, limit: maxCalls } }),
      ...(callRate === undefined ? {} : { rate: { key: label, ...callRate, exceeded: "TRUNK_RATE" as const } }),
    };
  }

  /** The extension's public number, else that of the line or of its account. */
  #shownNumber({ caller, account, internationalPrefix }: CarrierLineSettings, extension: string): string {
    const known = caller.unified ? undefined : this.#own.publicOf(extension);
    return known === undefined ? (caller.number ?? account?.username ?? extension) : internationalPrefix + known;
  }
}
