import { withDeadline } from "@mss/runtime";
import { isSendable } from "../addresses.ts";
import type { Target, TransportName } from "../types.ts";
import { HostsFile } from "./hosts-file.ts";
import { createNameServer } from "./name-server.ts";
import type { NameServer, NaptrRecord, SrvRecord } from "./name-server.ts";
import { sipServices } from "./naptr-services.ts";
import type { SipService } from "./naptr-services.ts";
import { RecordCache } from "./record-cache.ts";
import { orderSrv } from "./srv-order.ts";
import type { Suspects } from "./suspects.ts";

export interface LocatorOptions {
  /** Name servers in the place of the machine's: `192.0.2.53`, `127.0.0.1:5353`. */
  readonly servers?: readonly string[];
  /** How long an old answer is used when there is no new one. Default: 3 days. */
  readonly staleMs?: number;
  /** In the place of /etc/hosts. */
  readonly hostsFile?: string;
}

/** The address families that can be sent to over a transport, the preferred one first; empty where there is none. */
export type FamiliesOf = (transport: TransportName) => readonly (4 | 6)[];

const STALE_MS = 3 * 24 * 3_600_000;
const NAMES = 2_000;
const QUESTIONS = 100;
const HOSTS_LIMIT = 8; // of the SRV answers for one name, best first: a thousand of them are not looked up for one call
const TARGETS_LIMIT = 16;
const NAPTR_PATIENCE_MS = 300; // some name servers are silent about types that they do not know
const DEFAULT_TLS_PORT = 5061;
const SERVICE_NAMES = { udp: "_sip._udp", tcp: "_sip._tcp", tls: "_sips._tcp" } as const;

/** A host whose addresses are to be looked up. */
interface Host {
  readonly transport: TransportName;
  readonly name: string;
  readonly port: number;
}

/** Where a host name leads: RFC 3263 §4. Addresses are never looked up. */
export class Locator {
  readonly #hosts: HostsFile;
  readonly #server: NameServer;
  readonly #naptr: RecordCache<NaptrRecord>;
  readonly #srv: RecordCache<SrvRecord>;
  readonly #addresses: Readonly<Record<4 | 6, RecordCache<string>>>;
  readonly #suspects: Suspects;

  constructor(suspects: Suspects, options: LocatorOptions = {}) {
    const limits = { names: NAMES, questions: QUESTIONS, staleMs: options.staleMs ?? STALE_MS };
    const server = createNameServer(options.servers);
    this.#suspects = suspects;
    this.#hosts = new HostsFile(options.hostsFile);
    this.#server = server;
    this.#naptr = new RecordCache((name) => server.naptr(name), limits);
    this.#srv = new RecordCache((name) => server.srv(name), limits);
    this.#addresses = {
      4: new RecordCache((host) => server.addresses(host, 4), limits),
      6: new RecordCache((host) => server.addresses(host, 6), limits),
    };
  }

  /**
   * The places of a name in the order of trial: NAPTR where the URI had neither transport nor port, then SRV where it had
   * no port, then addresses of the families that can be sent to. Those that failed lately come last. Empty when there are
   * none; rejects when no name server can tell.
   */
  async locate(target: Target, familiesOf: FamiliesOf): Promise<readonly Target[]> {
    const hosts = await this.#hostsOf(target, familiesOf);
    const found = await Promise.all(
      hosts.slice(0, HOSTS_LIMIT).map(async ({ transport, name, port }) => {
        const addresses = await this.#addressesOf(name, familiesOf(transport));
        return addresses.map((host) => ({ transport, host, port }));
      }),
    );
    const { anyPort: _anyPort, anyTransport, ...rest } = target;
    const places = found
      .flat()
      .filter(({ host, port }) => isSendable(host, port))
      .slice(0, TARGETS_LIMIT)
      .map((place) => ({
        ...rest,
        ...(anyTransport === true && place.transport === "udp" ? { anyTransport } : {}),
        ...place,
        name: target.name ?? target.host,
      }));
    return this.#suspects.order(places);
  }

  close(): void {
    this.#server.close();
  }

  async #hostsOf(target: Target, familiesOf: FamiliesOf): Promise<readonly Host[]> {
    const { host: name, transport, port } = target;
    const isWhole = target.anyPort !== true || (await this.#hosts.addressesOf(name)).length > 0;
    if (target.anyTransport !== true) {
      const services = isWhole ? [] : [{ transport, domain: `${SERVICE_NAMES[transport]}.${name}` }];
      return (await this.#srvHosts(services)) ?? [{ transport, name, port }];
    }
    const possible = (transport === "tls" ? (["tls"] as const) : (["udp", "tcp", "tls"] as const)).filter(
      (each) => familiesOf(each).length > 0,
    );
    const offered = isWhole ? [] : await this.#offered(name, new Set(possible));
    return (
      (await this.#srvHosts(offered)) ??
      possible.slice(0, 1).map((first) => ({
        transport: first,
        name,
        port: first === "tls" && target.anyPort === true ? DEFAULT_TLS_PORT : port,
      }))
    );
  }

  /** What the domain says it offers, else what it may: TLS is nobody's guess for a URI that does not ask for it. */
  async #offered(name: string, possible: ReadonlySet<TransportName>): Promise<readonly SipService[]> {
    const looked = withDeadline(this.#naptr.find(name), NAPTR_PATIENCE_MS, "naptr");
    const services = sipServices(await looked.catch(() => []), possible);
    const guessed = [...possible].filter((transport, _index, all) => transport !== "tls" || all.length === 1);
    return services.length > 0
      ? services
      : guessed.map((transport) => ({ transport, domain: `${SERVICE_NAMES[transport]}.${name}` }));
  }

  /** Undefined where there are no SRV records: then the name itself is the host (RFC 3263 §4.2). */
  async #srvHosts(services: readonly SipService[]): Promise<readonly Host[] | undefined> {
    const answers = await Promise.allSettled(
      services.map(async ({ transport, domain }) => ({ transport, records: await this.#srv.find(domain) })),
    );
    const told = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    const failure = answers.find((answer) => answer.status === "rejected");
    if (told.every(({ records }) => records.length === 0)) {
      if (failure !== undefined) {
        throw failure.reason;
      }
      return undefined;
    }
    // RFC 2782: a single "." says that the service is decidedly not there
    return told.flatMap(({ transport, records }) =>
      orderSrv(records.filter(({ name, port }) => name !== "" && name !== "." && port > 0)).map(({ name, port }) => ({
        transport,
        name,
        port,
      })),
    );
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
}
