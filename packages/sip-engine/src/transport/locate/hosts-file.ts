import { readFile } from "node:fs/promises";
import { familyOf } from "../addresses.ts";

const HOSTS_FILE = "/etc/hosts";
const VALID_MS = 10_000;

/** Names that the administrator of the machine has written down: they come before any name server, as everywhere. */
export class HostsFile {
  readonly #file: string;
  #byName: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  #readAt = 0;

  constructor(file = HOSTS_FILE) {
    this.#file = file;
  }

  async addressesOf(name: string): Promise<readonly string[]> {
    if (this.#byName === undefined || performance.now() - this.#readAt > VALID_MS) {
      this.#readAt = performance.now();
      this.#byName = readFile(this.#file, "utf8").then(parseHosts, () => new Map());
    }
    return (await this.#byName).get(name) ?? [];
  }
}

function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = (line.split("#")[0] ?? "").trim().split(/\s+/);
    for (const name of familyOf(address) === 0 ? [] : names) {
      const key = name.toLowerCase();
      byName.set(key, [...(byName.get(key) ?? []), address]);
    }
  }
  return byName;
}
