/** Numbers of a branch and what they are called by from the public network, such as `4xxx` and `442079464xxx`. */
export interface PublicNumberRule {
  /** Digits, with an `x` at the end for each digit that is carried over. */
  readonly numbers: string;
  /** E.164 digits without `+`, with as many `x` at the end. */
  readonly public: string;
}

export type ParsedPublicNumbers =
  | { readonly kind: "rule"; readonly rule: PublicNumberRule }
  | { readonly kind: "invalid"; readonly of: "numbers" | "public"; readonly reason: string };

const MAX_DIGITS = 15; // E.164 §6.1
const NUMBERS = /^[0-9]*x*$/;
const PUBLIC = /^\+([1-9][0-9]*x*)$/;

function freeDigits(template: string): number {
  return template.length - template.replace(/x+$/, "").length;
}

/** Reads `4xxx` and `+442079464xxx`, as the topology file has them. */
export function parsePublicNumbers(numbers: string, publicNumbers: string): ParsedPublicNumbers {
  if (numbers === "" || numbers.length > MAX_DIGITS || !NUMBERS.test(numbers)) {
    return { kind: "invalid", of: "numbers", reason: "is neither a number nor digits with x at the end" };
  }
  const digits = PUBLIC.exec(publicNumbers)?.[1];
  if (digits === undefined || digits.length > MAX_DIGITS) {
    return { kind: "invalid", of: "public", reason: "is no international number (E.164) with + in front" };
  }
  return freeDigits(digits) === freeDigits(numbers)
    ? { kind: "rule", rule: { numbers, public: digits } }
    : { kind: "invalid", of: "public", reason: `has another count of x than ${numbers}` };
}

/** The most exact template first: `4012`, `401x`, `40xx` …. */
function templateFor(number: string, templates: ReadonlyMap<string, string>): string | undefined {
  for (let free = 0; free <= number.length; free += 1) {
    const found = templates.get(number.slice(0, number.length - free) + "x".repeat(free));
    if (found !== undefined) {
      return free === 0 ? found : found.slice(0, -free) + number.slice(-free);
    }
  }
  return undefined;
}

/** Translates between numbers and public numbers; where several rules hold, the most exact one does. Immutable. */
export class PublicNumbers {
  readonly #publicOf = new Map<string, string>();
  readonly #numberOf = new Map<string, string>();

  /** Of two rules for the same numbers the first says which public number they show; both are reached. */
  constructor(rules: readonly PublicNumberRule[]) {
    for (const { numbers, public: publicNumbers } of rules) {
      if (!this.#publicOf.has(numbers)) {
        this.#publicOf.set(numbers, publicNumbers);
      }
      if (!this.#numberOf.has(publicNumbers)) {
        this.#numberOf.set(publicNumbers, numbers);
      }
    }
  }

  /** E.164 digits without `+`; undefined for a number that has no public one. */
  publicOf(number: string): string | undefined {
    return templateFor(number, this.#publicOf);
  }

  /** Whose public number that is, given as E.164 digits without `+`. */
  numberOf(publicNumber: string): string | undefined {
    return templateFor(publicNumber, this.#numberOf);
  }
}
