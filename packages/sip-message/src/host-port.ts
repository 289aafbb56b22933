import { COLON, HOST, IPV6, consistsOf, parseDecimal, skipSpace } from "./characters.ts";

/** IPv6 addresses are without their brackets here and get them back when written. */
export interface HostPort {
  readonly host: string;
  readonly port?: number;
}

/** Reads `host[:port]` as the whole of the text; white space is allowed around the colon, as in Via. */
export function parseHostPort(text: string): HostPort | undefined {
  if (text.startsWith("[")) {
    const end = text.indexOf("]");
    const address = text.slice(1, Math.max(end, 1));
    // An address has at least two colons; its exact form is for whoever opens a socket to it.
    const valid = consistsOf(address, IPV6) && address.indexOf(":") !== address.lastIndexOf(":");
    return valid ? withPort(address, text, end + 1) : undefined;
  }
  const colon = text.indexOf(":");
  let end = colon === -1 ? text.length : colon;
  while (end > 0 && text.charCodeAt(end - 1) <= 0x20) {
    end -= 1;
  }
  return consistsOf(text, HOST, 0, end) ? withPort(text.slice(0, end), text, end) : undefined;
}

export function formatHostPort({ host, port }: HostPort): string {
  const written = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? written : `${written}:${port}`;
}

function withPort(host: string, text: string, end: number): HostPort | undefined {
  const colon = skipSpace(text, end);
  if (colon === text.length) {
    return { host };
  }
  if (text.charCodeAt(colon) !== COLON) {
    return undefined;
  }
  let last = text.length;
  while (last > colon && text.charCodeAt(last - 1) <= 0x20) {
    last -= 1;
  }
  const port = parseDecimal(text.slice(skipSpace(text, colon + 1), last), 5);
  return port === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
