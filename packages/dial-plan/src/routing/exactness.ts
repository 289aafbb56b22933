/** How exact a rule is for one number. */
export interface Exactness {
  /** Leading digits that the number and the rule's block share. */
  readonly fixedDigits: number;
  readonly isOpen: boolean;
}

/** The longer fixed prefix, then the closed pattern: whether the first beats the second by its digits. */
export function isMoreExact(one: Exactness, other: Exactness): boolean {
  if (one.fixedDigits !== other.fixedDigits) {
    return one.fixedDigits > other.fixedDigits;
  }
  return !one.isOpen && other.isOpen;
}
