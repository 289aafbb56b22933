import type { DialPlan } from "./dial-plan.ts";
import { MAX_PATTERN_DIGITS, formatPattern } from "./number-pattern.ts";
import type { NumberPattern } from "./number-pattern.ts";
import { powerOfTen } from "./blocks.ts";

/**
 * Numbers whose owner differs between two plans; undefined: nobody. Of an open pattern it tells all numbers that begin
 * so, but for those of `except`, which stay as they are, and for those of another change that is inside it.
 */
export interface OwnershipChange<Target> {
  readonly pattern: NumberPattern;
  readonly from: Target | undefined;
  readonly to: Target | undefined;
  readonly except: readonly NumberPattern[];
}

export interface OwnershipComparison<Target> {
  /** Shorter numbers first, open prefixes last; in ascending order. Neighbours with the same owners are one change. */
  readonly changes: readonly OwnershipChange<Target>[];
  /**
   * Part of what had an owner before and has none now, 0 to 1: of the numbers whose length the first plan spells out,
   * or of what its open prefixes cover, whichever is more. 0 when nothing had an owner.
   */
  readonly lostShare: number;
}

/** What becomes of every number when the second plan takes the place of the first. Exact, and as short as it can be said. */
export function compareOwnership<Target>(
  before: DialPlan<Target>,
  after: DialPlan<Target>,
): OwnershipComparison<Target> {
  const open = new OpenComparison(before, after);
  const telling = new ClosedChanges(open);
  const lostShare = compareLengths({ before, after, open }, telling);
  return { changes: [...telling.changes, ...open.changes], lostShare };
}

/** The `lostShare` of `compareOwnership` alone, which takes a fraction of the time where much has changed. */
export function lostShareOf<Target>(before: DialPlan<Target>, after: DialPlan<Target>): number {
  return compareLengths({ before, after, open: new OpenComparison(before, after) });
}

type ClosedPattern = Extract<NumberPattern, { kind: "closed" }>;

interface MutableChange<Target> extends OwnershipChange<Target> {
  readonly except: NumberPattern[];
}

/** What the two plans say of the numbers that begin with an open prefix, closed patterns left aside. */
interface OpenNode<Target> {
  readonly from: Target | undefined;
  readonly to: Target | undefined;
  /** The change that tells of these numbers; undefined when their owner stays. */
  readonly toldBy: MutableChange<Target> | undefined;
}

/** The open prefixes of two plans as one tree. Between two neighbours in it the owner of a number does not change. */
class OpenComparison<Target> {
  readonly changes: MutableChange<Target>[] = [];
  readonly lostShare: number;
  readonly prefixes: readonly string[];
  readonly #nodes = new Map<string, OpenNode<Target>>();
  readonly #before: ReadonlyMap<string, Target>;
  readonly #after: ReadonlyMap<string, Target>;

  constructor(before: DialPlan<Target>, after: DialPlan<Target>) {
    this.#before = before.openPrefixes();
    this.#after = after.openPrefixes();
    this.prefixes = [...new Set([...this.#before.keys(), ...this.#after.keys()])].toSorted();
    for (const prefix of this.prefixes) {
      this.#nodes.set(prefix, this.#compare(prefix));
    }
    this.lostShare = this.#lostShare();
  }

  /** The node of the longest open prefix that the number begins with. */
  around(number: string): OpenNode<Target> | undefined {
    for (let length = Math.min(number.length, MAX_PATTERN_DIGITS); length > 0; length -= 1) {
      const node = this.#nodes.get(number.slice(0, length));
      if (node !== undefined) {
        return node;
      }
    }
    return undefined;
  }

  #compare(prefix: string): OpenNode<Target> {
    const outer = this.around(prefix.slice(0, -1));
    const from = this.#before.has(prefix) ? this.#before.get(prefix) : outer?.from;
    const to = this.#after.has(prefix) ? this.#after.get(prefix) : outer?.to;
    if (from === outer?.from && to === outer?.to) {
      return { from, to, toldBy: outer?.toldBy };
    }
    const pattern: NumberPattern = { kind: "open", prefix };
    if (from === to) {
      outer?.toldBy?.except.push(pattern);
      return { from, to, toldBy: undefined };
    }
    const change = { pattern, from, to, except: [] };
    this.changes.push(change);
    return { from, to, toldBy: change };
  }

  /** Each prefix counts for the part of all numbers that begin with it and with no longer prefix. */
  #lostShare(): number {
    const shares = new Map(this.prefixes.map((prefix) => [prefix, 10 ** -prefix.length]));
    for (const prefix of this.prefixes) {
      for (let length = prefix.length - 1; length > 0; length -= 1) {
        const outer = prefix.slice(0, length);
        const share = shares.get(outer);
        if (share !== undefined) {
          shares.set(outer, share - 10 ** -prefix.length);
          break;
        }
      }
    }
    const nodes = [...this.#nodes].filter(([, { from }]) => from !== undefined);
    const sum = (of: typeof nodes): number => of.reduce((total, [prefix]) => total + (shares.get(prefix) ?? 0), 0);
    return nodes.length === 0 ? 0 : sum(nodes.filter(([, { to }]) => to === undefined)) / sum(nodes);
  }
}

interface ComparedPlans<Target> {
  readonly before: DialPlan<Target>;
  readonly after: DialPlan<Target>;
  readonly open: OpenComparison<Target>;
}

/** Goes through the numbers of each length that a closed pattern has. Returns the part that was lost, open prefixes included. */
function compareLengths<Target>(plans: ComparedPlans<Target>, telling?: ClosedChanges<Target>): number {
  const { before, after, open } = plans;
  const [own, other] = [before.closedBorders(), after.closedBorders()];
  const total = { owned: 0, lost: 0 };
  for (const digits of [...new Set([...own.keys(), ...other.keys()])].toSorted((one, next) => one - next)) {
    const borders = bordersOf(digits, [own.get(digits) ?? NONE, other.get(digits) ?? NONE], open.prefixes);
    const { owned, lost } = comparePieces(plans, { digits, borders }, telling);
    // only what the plan before spells out counts here
    total.owned += own.has(digits) ? owned : 0;
    total.lost += own.has(digits) ? lost : 0;
  }
  return Math.max(total.owned === 0 ? 0 : total.lost / total.owned, open.lostShare);
}

/** Between two borders the winner of neither plan changes. */
function comparePieces<Target>(
  { before, after }: ComparedPlans<Target>,
  { digits, borders }: { readonly digits: number; readonly borders: Float64Array },
  telling?: ClosedChanges<Target>,
): { readonly owned: number; readonly lost: number } {
  let [owned, lost] = [0, 0];
  for (let position = 0; position + 1 < borders.length; position += 1) {
    const start = borders[position] ?? 0;
    const end = borders[position + 1] ?? 0;
    const from = start === end ? undefined : before.targetAt(start, digits);
    const to = start === end ? undefined : after.targetAt(start, digits);
    if (from !== undefined) {
      owned += end - start;
      lost += to === undefined ? end - start : 0;
    }
    // what stays as it is has to be told only inside an open prefix that changes
    if (start !== end && (from !== to || telling?.isInOpen === true)) {
      telling?.tell({ digits, start, end }, { from, to });
    }
  }
  return { owned, lost };
}

/** What becomes of closed patterns, told as short as it can be. */
class ClosedChanges<Target> {
  readonly changes: MutableChange<Target>[] = [];
  readonly #open: OpenComparison<Target>;

  constructor(open: OpenComparison<Target>) {
    this.#open = open;
  }

  /** Whether open prefixes may be around closed patterns. */
  get isInOpen(): boolean {
    return this.#open.prefixes.length > 0;
  }

  /** Unless the open prefix around them tells the same of these numbers. `end` is the first number that is not of them. */
  tell(
    { digits, start, end }: { readonly digits: number; readonly start: number; readonly end: number },
    { from, to }: Pick<OwnershipChange<Target>, "from" | "to">,
  ): void {
    const [low, high] = [String(start).padStart(digits, "0"), String(end - 1).padStart(digits, "0")];
    const pattern: ClosedPattern = { kind: "closed", low, high };
    const around = this.#open.around(low);
    if (around?.from === from && around?.to === to) {
      return;
    }
    if (from === to) {
      append(around?.toldBy?.except, pattern);
      return;
    }
    const last = this.changes.at(-1);
    if (last?.pattern.kind === "closed" && last.from === from && last.to === to && meet(last.pattern, pattern)) {
      this.changes[this.changes.length - 1] = { ...last, pattern: { ...last.pattern, high: pattern.high } };
    } else {
      this.changes.push({ pattern, from, to, except: [] });
    }
  }
}

/** As one pattern with the one before, where they meet. */
function append(patterns: NumberPattern[] | undefined, pattern: ClosedPattern): void {
  const last = patterns?.at(-1);
  if (patterns !== undefined && last?.kind === "closed" && meet(last, pattern)) {
    patterns[patterns.length - 1] = { ...last, high: pattern.high };
  } else {
    patterns?.push(pattern);
  }
}

function meet(first: ClosedPattern, second: ClosedPattern): boolean {
  return first.low.length === second.low.length && Number(first.high) + 1 === Number(second.low);
}

const NONE = new Float64Array();

/** First numbers of the pieces, and the number after the last one, in ascending order; some stand there more than once. */
function bordersOf(
  digits: number,
  closed: readonly [Float64Array, Float64Array],
  openPrefixes: readonly string[],
): Float64Array {
  const [own, other] = closed;
  const open: number[] = [];
  for (const prefix of openPrefixes) {
    if (prefix.length <= digits) {
      const size = powerOfTen(digits - prefix.length);
      open.push(Number(prefix) * size, (Number(prefix) + 1) * size);
    }
  }
  const borders = new Float64Array(own.length + other.length + open.length);
  borders.set(own);
  borders.set(other, own.length);
  borders.set(open, own.length + other.length);
  return borders.toSorted();
}

/** `4000–4099`, `852*`: a pattern as a range, which says more than `40xx` where numbers are compared. */
export function formatRange(pattern: NumberPattern): string {
  return pattern.kind === "open" || pattern.low === pattern.high
    ? formatPattern(pattern)
    : `${pattern.low}–${pattern.high}`;
}
