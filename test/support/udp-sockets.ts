import { readFile } from "node:fs/promises";

/** Whether some process of this machine has a UDP socket on exactly this IPv4 address and port (Linux). */
export async function isBound(address: string, port: number): Promise<boolean> {
  const table = await readFile("/proc/net/udp", "utf8");
  // The kernel prints the address as a number of the machine's byte order, the port as a plain one.
  const host = address
    .split(".")
    .toReversed()
    .map((octet) => hexadecimal(Number(octet), 2))
    .join("");
  return table.includes(` ${host}:${hexadecimal(port, 4)} `);
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
