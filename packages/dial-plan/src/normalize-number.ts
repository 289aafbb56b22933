/** The longest dialled number that is looked up: an international number of 15 digits behind any access codes. */
export const MAX_DIALLED_DIGITS = 32;

export type NormalizedNumber =
  | { readonly kind: "number"; readonly number: string }
  | { readonly kind: "invalid"; readonly reason: "empty" | "tooLong" | "notADigit" };

const MAX_TEXT_LENGTH = 4 * MAX_DIALLED_DIGITS;
const VISUAL_SEPARATORS = " -.()";

/**
 * The digits of a dialled number. A leading `+`, spaces and the visual separators `-.()` of RFC 3966 §5.1.1 are taken
 * out. Everything else is refused, `*` and `#` too: they begin service codes, which are no numbers of a dial plan.
 */
export function normalizeNumber(dialled: string): NormalizedNumber {
  if (dialled.length > MAX_TEXT_LENGTH) {
    return { kind: "invalid", reason: "tooLong" };
  }
  let number = "";
  const text = dialled.trimStart();
  for (const character of text.startsWith("+") ? text.slice(1) : text) {
    if (character >= "0" && character <= "9") {
      number += character;
    } else if (!VISUAL_SEPARATORS.includes(character)) {
      return { kind: "invalid", reason: "notADigit" };
    }
  }
  if (number === "") {
    return { kind: "invalid", reason: "empty" };
  }
  return number.length > MAX_DIALLED_DIGITS ? { kind: "invalid", reason: "tooLong" } : { kind: "number", number };
}
