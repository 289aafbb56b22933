import type { SipRequest, SipResponse } from "@mss/sip-message";
import { parseNameAddressList, parseSipUri } from "@mss/sip-message";
import type { Flow, Target, TransportLayer } from "../transport/types.ts";
import { targetOfUri } from "./next-hop.ts";

interface RegisteredFlow {
  readonly flow: Flow;
  readonly expiresAt: number;
  readonly release: (() => void) | undefined;
}

const FLOWS_LIMIT = 50_000;
const DEFAULT_EXPIRES_SECONDS = 3600; // RFC 3261 §10.2.1.1
const MILLISECONDS = 1000;

/** What of a contact URI tells one binding from another: user, host and port. */
function keyOf(uri: string): string | undefined {
  const parsed = parseSipUri(uri);
  return parsed === undefined ? undefined : `${parsed.user ?? ""}@${parsed.host}:${parsed.port ?? ""}`.toLowerCase();
}

/**
 * The connections that phones registered on. A phone behind NAT, or one that does not listen, can only be called on the
 * connection it opened: as drachtio-server does, requests for a registered Contact go there as long as the binding lasts.
 */
export class RegisteredFlows {
  readonly #transports: Pick<TransportLayer, "hold" | "keepOnUdp">;
  readonly #flows = new Map<string, RegisteredFlow>();

  constructor(transports: Pick<TransportLayer, "hold" | "keepOnUdp">) {
    this.#transports = transports;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** Takes over what an application's 2xx to a REGISTER says of the Contacts of that REGISTER. */
  onRegistered(request: SipRequest, response: SipResponse, flow: Flow): void {
    const granted = this.#granted(response);
    if (flow.connection === undefined) {
      this.#keepOnUdp(request, granted, flow);
      return;
    }
    for (const value of request.headers.all("Contact")) {
      for (const contact of parseNameAddressList(value) ?? []) {
        const key = keyOf(contact.uri);
        if (key !== undefined) {
          this.#set(key, flow, granted.get(key) ?? 0);
        }
      }
    }
  }

  /** A phone that registers from elsewhere than its Contact says is behind a router that lets its own UDP alone in. */
  #keepOnUdp(request: SipRequest, granted: ReadonlyMap<string, number>, { remote }: Flow): void {
    for (const value of request.headers.all("Contact")) {
      for (const { uri } of parseNameAddressList(value) ?? []) {
        const named = targetOfUri(uri);
        if (named !== undefined && (named.host !== remote.host || named.port !== remote.port)) {
          this.#transports.keepOnUdp?.(remote, granted.get(keyOf(uri) ?? "") ?? 0);
        }
      }
    }
  }

  /** The connection for a request to that URI, if its owner registered on one. */
  targetFor(uri: string): Target | undefined {
    if (this.#flows.size === 0) {
      return undefined;
    }
    const key = keyOf(uri);
    const entry = key === undefined ? undefined : this.#flows.get(key);
    if (key === undefined || entry === undefined) {
      return undefined;
    }
    if (entry.expiresAt < performance.now()) {
      this.#drop(key);
      return undefined;
    }
    const { flow } = entry;
    return { transport: flow.transport, host: flow.remote.host, port: flow.remote.port, flow };
  }

  /** Lets go of every connection. */
  clear(): void {
    for (const key of this.#flows.keys()) {
      this.#drop(key);
    }
  }

  /** Seconds that the response grants, by contact. RFC 3261 §10.3 step 8. */
  #granted(response: SipResponse): ReadonlyMap<string, number> {
    const general = Number.parseInt(response.headers.get("Expires") ?? "", 10);
    const seconds = new Map<string, number>();
    for (const value of response.headers.all("Contact")) {
      for (const contact of parseNameAddressList(value) ?? []) {
        const own = Number.parseInt(contact.parameters.get("expires") ?? "", 10);
        const key = keyOf(contact.uri);
        if (key !== undefined) {
          const otherwise = Number.isNaN(general) ? DEFAULT_EXPIRES_SECONDS : general;
          seconds.set(key, Number.isNaN(own) ? otherwise : own);
        }
      }
    }
    return seconds;
  }

  #set(key: string, flow: Flow, seconds: number): void {
    const known = this.#flows.get(key);
    if (seconds <= 0) {
      this.#drop(key);
      return;
    }
    const expiresAt = performance.now() + seconds * MILLISECONDS;
    if (known !== undefined && known.flow.connection === flow.connection) {
      this.#flows.set(key, { ...known, expiresAt });
      return;
    }
    this.#drop(key);
    if (this.#flows.size >= FLOWS_LIMIT) {
      this.#sweep();
    }
    if (this.#flows.size < FLOWS_LIMIT) {
      this.#flows.set(key, { flow, expiresAt, release: this.#transports.hold?.(flow) });
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, entry] of this.#flows) {
      if (entry.expiresAt < now) {
        this.#drop(key);
      }
    }
  }

  #drop(key: string): void {
    this.#flows.get(key)?.release?.();
    this.#flows.delete(key);
  }
}
