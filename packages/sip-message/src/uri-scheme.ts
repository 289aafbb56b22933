/** Scheme in lower case, or undefined when the text does not begin with one (RFC 3986 §3.1). */
export function uriScheme(text: string): string | undefined {
  if (text.startsWith("sip:")) {
    return "sip";
  }
  const colon = text.indexOf(":");
  return colon > 0 && colon <= 32 && /^[A-Za-z][A-Za-z0-9+.-]*$/.test(text.slice(0, colon))
    ? text.slice(0, colon).toLowerCase()
    : undefined;
}
