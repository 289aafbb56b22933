import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";

/** Whether some process of this machine has a UDP socket on exactly this IP address and port (Linux). */
export async function isBound(address: string, port: number): Promise<boolean> {
  const isSix = isIPv6(address);
  const table = await readFile(isSix ? "/proc/net/udp6" : "/proc/net/udp", "utf8");
  // The kernel prints addresses as numbers of 32 bits in the machine's byte order, the port as a plain number.
  const octets = isSix ? octetsOf(address) : address.split(".").map(Number);
  const host = Array.from({ length: octets.length / 4 }, (_unused, word) => octets.slice(4 * word, 4 * word + 4))
    .flatMap((word) => word.toReversed())
    .map((octet) => hexadecimal(octet, 2))
    .join("");
  return table.includes(` ${host}:${hexadecimal(port, 4)} `);
}

function octetsOf(address: string): readonly number[] {
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const middle = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const groups = [...head, ...middle, ...tail].map((group) => Number.parseInt(group, 16));
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
