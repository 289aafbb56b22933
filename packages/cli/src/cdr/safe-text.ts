/** What is not shown as itself: control characters, line separators, and what turns the direction of text around. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Text that cannot move a cursor, end a line or look like something else: `\u001b` for an escape character. SEC-32. */
export function safeText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON in one line; the same characters are escaped, which a reader of JSON turns back into themselves. */
export function safeJson(value: unknown): string {
  return safeText(JSON.stringify(value));
}
