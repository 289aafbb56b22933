import { safeText } from "./safe-text.ts";

/** A spreadsheet takes a cell that begins so for a formula, also behind spaces. */
const FORMULA = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20]/u;
const NEEDS_QUOTES = /[",;]|^\s|\s$/u;

/** One line of CSV with its line break (RFC 4180). A cell that could be a formula has an apostrophe before it. SEC-32. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

function cellOf(value: string | number | undefined): string {
  const text = typeof value === "number" ? String(value) : safeText(value ?? "");
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
