import { isToken, parseDecimal } from "./characters.ts";
import { trimSpace } from "./white-space.ts";

/** RFC 3261 §8.1.1.5: the sequence number is less than 2^31. */
export const CSEQ_END = 2 ** 31;

export function parseCSeq(value: string): { readonly sequence: number; readonly method: string } | undefined {
  const space = value.indexOf(" ");
  if (space === -1) {
    return undefined;
  }
  const sequence = parseDecimal(value.slice(0, space), 10);
  const method = trimSpace(value.slice(space));
  return sequence === undefined || sequence >= CSEQ_END || !isToken(method) ? undefined : { sequence, method };
}
