import type { ControlClient } from "../wire/control-client.ts";
import { isKnownMethod } from "./methods.ts";

interface VerbClients {
  readonly clients: ControlClient[];
  next: number;
}

/** Which applications want which requests. Clients of one verb take turns. */
export class ClientRegistry {
  readonly #byVerb = new Map<string, VerbClients>();

  /** False for a verb that is no method of ours. The verb's case does not matter, as drachtio-srf sends it in lower case. */
  add(verb: string, client: ControlClient): boolean {
    const method = verb.toUpperCase();
    if (!isKnownMethod(method)) {
      return false;
    }
    const entry = this.#byVerb.get(method) ?? { clients: [], next: 0 };
    if (!entry.clients.includes(client)) {
      entry.clients.push(client);
    }
    this.#byVerb.set(method, entry);
    return true;
  }

  remove(verb: string, client: ControlClient): void {
    const method = verb.toUpperCase();
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

  /** The methods that some client wants. */
  get methods(): readonly string[] {
    return [...this.#byVerb.keys()];
  }
}
