import { IPV6_ANSWERS, MALFORMED_ANSWERS, MEANING_ANSWERS, VALID_ANSWERS } from "./answers.ts";
import type { Answer } from "./answers.ts";
import { RFC4475_MALFORMED } from "./rfc4475-malformed.ts";
import { RFC4475_MEANING } from "./rfc4475-meaning.ts";
import { RFC4475_VALID } from "./rfc4475-valid.ts";
import { RFC5118 } from "./rfc5118.ts";

/** One message of RFC 4475 or RFC 5118 with the answer owed to it. */
export interface TortureMessage extends Answer {
  /** As the RFC names it. */
  readonly name: string;
  readonly rfc: "4475" | "5118";
  /** Byte text. */
  readonly text: string;
}

function casesOf(
  rfc: TortureMessage["rfc"],
  texts: Readonly<Record<string, string>>,
  answers: Readonly<Record<string, Answer>>,
) {
  return Object.entries(answers).map(([name, answer]): TortureMessage => ({
    name,
    rfc,
    text: texts[name] ?? "",
    ...answer,
  }));
}

/** All 49 messages of RFC 4475 and all 12 of RFC 5118, in the order of the RFCs; the README beside this file says more. */
export const TORTURE_MESSAGES: readonly TortureMessage[] = [
  ...casesOf("4475", RFC4475_VALID, VALID_ANSWERS),
  ...casesOf("4475", RFC4475_MALFORMED, MALFORMED_ANSWERS),
  ...casesOf("4475", RFC4475_MEANING, MEANING_ANSWERS),
  ...casesOf("5118", RFC5118, IPV6_ANSWERS),
];
