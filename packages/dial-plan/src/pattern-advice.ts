/**
 * What a pattern in the notation of another system, or with a slip of the pen, would be in ours: `1XXX`, `_1XXX`,
 * `1???`, `+852*`, `1000 – 1999`, `1000..1999`. The result need not be a valid pattern.
 */
export function tidyPattern(text: string): string {
  return text
    .slice(0, 64)
    .replaceAll(/\s+/g, "")
    .replace(/^[_+]+/, "")
    .replace(/(?<=[0-9])(?:\.{2,3}|[‐‑‒–—−:~]|to)(?=[0-9])/, "-")
    .replaceAll(/[X?]/g, "x")
    .replace(/\.+$/, (dots) => "x".repeat(dots.length))
    .replace(/(?<=[0-9])[%!]$/, "*")
    .replace(/\*{2,}$/, "*");
}
