import { isSendable } from "../addresses.ts";
import type { Target } from "../types.ts";
import { HostsFile } from "./hosts-file.ts";
import { createNameServer } from "./name-server.ts";
import type { NameServer, SrvRecord } from "./name-server.ts";
import { RecordCache } from "./record-cache.ts";
import { orderSrv } from "./srv-order.ts";

export interface LocatorOptions {
  /** Name servers in the place of the machine's: `192.0.2.53`, `127.0.0.1:5353`. */
  readonly servers?: readonly string[];
  /** How long an old answer is used when there is no new one. Default: 3 days. */
  readonly staleMs?: number;
  /** In the place of /etc/hosts. */
  readonly hostsFile?: string;
}

const STALE_MS = 3 * 24 * 3_600_000;
const NAMES = 2_000;
const QUESTIONS = 100;
const HOSTS_LIMIT = 8; // of one SRV answer, best first: a thousand of them are not looked up for one call
const TARGETS_LIMIT = 16;
const SUSPECT_MS = 30_000;
const SUSPECTS_LIMIT = 1_000;
const SERVICES = { udp: "_sip._udp", tcp: "_sip._tcp", tls: "_sips._tcp" } as const;

/** Where a host name leads: RFC 3263 §4.2 for a transport that is given. Addresses are never looked up. */
export class Locator {
  readonly #hosts: HostsFile;
  readonly #server: NameServer;
  readonly #srv: RecordCache<SrvRecord>;
  readonly #addresses: Readonly<Record<4 | 6, RecordCache<string>>>;
  readonly #suspects = new Map<string, number>();

  constructor(options: LocatorOptions = {}) {
    const limits = { names: NAMES, questions: QUESTIONS, staleMs: options.staleMs ?? STALE_MS };
    const server = createNameServer(options.servers);
    this.#hosts = new HostsFile(options.hostsFile);
    this.#server = server;
    this.#srv = new RecordCache((name) => server.srv(name), limits);
    this.#addresses = {
      4: new RecordCache((host) => server.addresses(host, 4), limits),
      6: new RecordCache((host) => server.addresses(host, 6), limits),
    };
  }

  /**
   * The targets of a name in the order of trial: SRV where the URI had no port, then addresses of the given families.
   * Those that were silent lately come last. Empty when there are none; rejects when no name server can tell.
   */
  async locate(target: Target, families: readonly (4 | 6)[]): Promise<readonly Target[]> {
    const services = target.anyPort === true ? await this.#services(target) : undefined;
    const hosts = services ?? [{ name: target.host, port: target.port }];
    const found = await Promise.all(
      hosts.map(async ({ name, port }) => (await this.#addressesOf(name, families)).map((host) => ({ host, port }))),
    );
    const { anyPort: _anyPort, ...rest } = target;
    const targets = found
      .flat()
      .filter(({ host, port }) => isSendable(host, port))
      .slice(0, TARGETS_LIMIT)
      .map((place) => ({ ...rest, ...place, name: target.name ?? target.host }));
    return targets.toSorted((one, other) => Number(this.#isSuspect(one)) - Number(this.#isSuspect(other)));
  }

  /** A target that did not answer is tried after the others for a while. */
  suspect(target: Target): void {
    const oldest = this.#suspects.size >= SUSPECTS_LIMIT ? this.#suspects.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#suspects.delete(oldest);
    }
    this.#suspects.set(keyOf(target), performance.now() + SUSPECT_MS);
  }

  close(): void {
    this.#server.close();
  }

  /** Undefined where the domain has no SRV records: then the name itself is the host (RFC 3263 §4.2). */
  async #services({ host, transport }: Target): Promise<readonly Pick<SrvRecord, "name" | "port">[] | undefined> {
    if ((await this.#hosts.addressesOf(host)).length > 0) {
      return undefined;
    }
    const records = await this.#srv.find(`${SERVICES[transport]}.${host}`);
    // RFC 2782: a single "." says that the service is decidedly not there
    return records.length === 0
      ? undefined
      : orderSrv(records.filter(({ name, port }) => name !== "" && name !== "." && port > 0)).slice(0, HOSTS_LIMIT);
  }

  async #addressesOf(host: string, families: readonly (4 | 6)[]): Promise<readonly string[]> {
    const written = await this.#hosts.addressesOf(host);
    if (written.length > 0) {
      return written;
    }
    const found = await Promise.allSettled(families.map((family) => this.#addresses[family].find(host)));
    const addresses = found.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
    const failure = found.find((result) => result.status === "rejected");
    if (addresses.length === 0 && failure !== undefined) {
      throw failure.reason;
    }
    return addresses;
  }

  #isSuspect(target: Target): boolean {
    return (this.#suspects.get(keyOf(target)) ?? 0) > performance.now();
  }
}

function keyOf({ transport, host, port }: Target): string {
  return `${transport} ${host} ${port}`;
}
