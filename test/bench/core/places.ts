/** Where everything of a benchmark is: a /24 of loopback for each system under test, so that all can be up at once. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export const SIP_PORT = 5060;
/** A caller and a callee each; one SIPp alone falls behind above some 1,200 calls a second. Pair 0 is that of the stopwatch. */
export const PAIRS = 5;
const CALLS_PER_PAIR = 1_000;

/** One caller, one callee and their numbers: `1Pxx` and `2Pxx` for pair P. */
export interface Pair {
  readonly index: number;
  readonly caller: Address & { readonly number: string };
  readonly callee: Address & { readonly number: string };
}

export function addressOf(subnet: number, place: number): Address {
  return { host: `127.31.${subnet}.${place}`, port: SIP_PORT };
}

export function pairOf(subnet: number, index: number): Pair {
  return {
    index,
    caller: { ...addressOf(subnet, 10 + index), number: `1${index}00` },
    callee: { ...addressOf(subnet, 30 + index), number: `2${index}00` },
  };
}

/** The pairs that are to share so many calls a second. */
export function pairsFor(subnet: number, callsPerSecond: number): readonly Pair[] {
  const count = Math.min(PAIRS - 1, Math.ceil(callsPerSecond / CALLS_PER_PAIR));
  return Array.from({ length: count }, (_unused, index) => pairOf(subnet, index + 1));
}
