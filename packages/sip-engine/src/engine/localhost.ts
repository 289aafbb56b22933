const PLACEHOLDER = "localhost";
const BEFORE_HOST = new Set(["@", ":"]);
const AFTER_HOST = new Set(["", ":", ";", ">", "?", ",", " "]);

function portLength(text: string, from: number): number {
  if (text[from] !== ":") {
    return 0;
  }
  let end = from + 1;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) {
    end += 1;
  }
  return end - from;
}

/**
 * Puts `hostPort` in the place of the host `localhost` (and its port) of every URI in a header value, which is how an
 * application writes "your own address". A port given with the placeholder is replaced with it.
 */
export function replaceLocalhost(value: string, hostPort: string): string {
  let result = value;
  for (let at = result.indexOf(PLACEHOLDER); at >= 0; at = result.indexOf(PLACEHOLDER, at + hostPort.length)) {
    const end = at + PLACEHOLDER.length;
    if (!BEFORE_HOST.has(result[at - 1] ?? "") || !AFTER_HOST.has(result[end] ?? "")) {
      continue;
    }
    result = result.slice(0, at) + hostPort + result.slice(end + portLength(result, end));
  }
  return result;
}

/** A From, To or Contact value with its URI in angle brackets: a bare URI's parameters belong to the header. */
export function bracketed(value: string): string {
  if (value.includes("<") || value === "*") {
    return value;
  }
  const end = value.indexOf(";");
  return end < 0 ? `<${value}>` : `<${value.slice(0, end).trimEnd()}>${value.slice(end)}`;
}
