import type { ControlClient } from "../wire/control-client.ts";
import { isKnownMethod } from "./methods.ts";

interface VerbClients {
  readonly clients: ControlClient[];
  next: number;
}

/** Call records, which drachtio-srf asks for as if they were methods. */
const RECORDS: ReadonlySet<string> = new Set(["cdr:attempt", "cdr:start", "cdr:stop"]);

/** Methods in capitals, records in small letters: drachtio-srf writes both small. */
function keyOf(verb: string): string {
  const small = verb.toLowerCase();
  return RECORDS.has(small) ? small : verb.toUpperCase();
}

/** Which applications want which requests. Clients of one verb take turns. */
export class ClientRegistry {
  readonly #byVerb = new Map<string, VerbClients>();

  /** False for a verb that is no method of ours and no call record. */
  static knows(verb: string): boolean {
    const method = keyOf(verb);
    return isKnownMethod(method) || RECORDS.has(method);
  }

  /** False for a verb that is no method of ours and no call record. The verb's case does not matter, as drachtio-srf sends it in lower case. */
  add(verb: string, client: ControlClient): boolean {
    if (!ClientRegistry.knows(verb)) {
      return false;
    }
    const method = keyOf(verb);
    const entry = this.#byVerb.get(method) ?? { clients: [], next: 0 };
    if (!entry.clients.includes(client)) {
      entry.clients.push(client);
    }
    this.#byVerb.set(method, entry);
    return true;
  }

  remove(verb: string, client: ControlClient): void {
    const method = keyOf(verb);
    const entry = this.#byVerb.get(method);
    const index = entry?.clients.indexOf(client) ?? -1;
    if (entry !== undefined && index >= 0) {
      entry.clients.splice(index, 1);
      if (entry.clients.length === 0) {
        this.#byVerb.delete(method);
      }
    }
  }

  removeClient(client: ControlClient): void {
    for (const method of this.#byVerb.keys()) {
      this.remove(method, client);
    }
  }

  /** The client whose turn it is for that method. */
  pick(method: string): ControlClient | undefined {
    const entry = this.#byVerb.get(method);
    if (entry === undefined) {
      return undefined;
    }
    entry.next = (entry.next + 1) % entry.clients.length;
    return entry.clients[entry.next];
  }

  /** The next client for that method that gave the tag. */
  pickTagged(method: string, tag: string): ControlClient | undefined {
    const count = this.#byVerb.get(method)?.clients.length ?? 0;
    for (let tries = 0; tries < count; tries += 1) {
      const client = this.pick(method);
      if (client?.tags.includes(tag) === true) {
        return client;
      }
    }
    return undefined;
  }

  /** The methods that some client wants. */
  get methods(): readonly string[] {
    return [...this.#byVerb.keys()].filter((verb) => !RECORDS.has(verb));
  }
}
