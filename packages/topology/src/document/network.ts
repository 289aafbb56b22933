import ipaddr from "ipaddr.js";
import { parseHost } from "./address.ts";
import type { InvalidAddress } from "./address.ts";

/** Networks as they are written: in full, shortest prefix of their members, `10.0.0.0/8`. */
const FULL_LENGTH = { ipv4: 32, ipv6: 128 } as const;

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address, into its canonical form: `10.0.0.0/8`. */
export function parseNetwork(text: string): { readonly kind: "network"; readonly network: string } | InvalidAddress {
  const [hostText = "", lengthText, ...rest] = text.split("/");
  const host = parseHost(hostText);
  if (host.kind === "invalid" || rest.length > 0) {
    return invalid(`${short(text)} is not a network`, "write something like 10.0.0.0/8 or a single IP address");
  }
  const address = ipaddr.parse(host.host);
  const fullLength = FULL_LENGTH[address.kind()];
  const length = lengthText === undefined ? fullLength : lengthOf(lengthText);
  if (length === undefined || length > fullLength) {
    const fromMask = lengthText === undefined ? undefined : lengthOfMask(lengthText);
    const advice = fromMask === undefined ? `write a prefix of 0 to ${fullLength}` : `write ${host.host}/${fromMask}`;
    return invalid(`/${lengthText ?? ""} is not the length of a network`, advice);
  }
  const network = `${networkOf(address, length)}/${length}`;
  return networkOf(address, length) === host.host
    ? { kind: "network", network }
    : invalid(`${short(text)} is an address inside a network`, `write ${network}`);
}

/** Whether an IP address lies in a network that `parseNetwork` gave. */
export function isInNetwork(host: string, network: string): boolean {
  const address = ipaddr.parse(host);
  const [base, length] = ipaddr.parseCIDR(network);
  return address.kind() === base.kind() && address.match(base, length);
}

function networkOf(address: ReturnType<typeof ipaddr.parse>, length: number): string {
  const text = `${address.toString()}/${length}`;
  const base =
    address.kind() === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  return base.toString();
}

function lengthOf(text: string): number | undefined {
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : undefined;
}

function lengthOfMask(text: string): number | undefined {
  return ipaddr.IPv4.isValidFourPartDecimal(text)
    ? (ipaddr.IPv4.parse(text).prefixLengthFromSubnetMask() ?? undefined)
    : undefined;
}

function invalid(message: string, advice: string): InvalidAddress {
  return { kind: "invalid", code: "invalid-address", message, advice };
}

function short(text: string): string {
  return text === "" ? "an empty text" : text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
