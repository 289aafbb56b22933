/**
 * One spelling of percent-escapes: `%61` is `a` and `%3b` is `%3B`, but `%40` is not `@`, for reserved characters keep
 * their escape (RFC 3261 §19.1.4).
 */
export function normalizeEscapes(text: string): string {
  if (!text.includes("%")) {
    return text;
  }
  return text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : escape.toUpperCase();
  });
}
