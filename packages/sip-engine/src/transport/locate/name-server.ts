import { Resolver } from "node:dns/promises";
import { CodedError } from "@mss/runtime";

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** RFC 3403 §4.1, as far as SIP uses it (RFC 3263 §4.1). */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** What a name server said. `none`: the name, or the type of record, does not exist. Anything else rejects. */
export type DnsAnswer<Item> =
  { readonly kind: "records"; readonly records: readonly Item[]; readonly ttlMs: number } | { readonly kind: "none" };

export interface NameServer {
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  addresses(host: string, family: 4 | 6): Promise<DnsAnswer<string>>;
  close(): void;
}

/**
 * Node gives the TTL of addresses, but not of SRV and NAPTR records. They are asked for again after a minute: the name servers of
 * the site in between keep the real TTL, and a server that went away before is passed over anyway.
 */
const SERVICE_TTL_MS = 60_000;
const FIRST_TRY_MS = 300; // within the second that a look-up may take there is time for the second name server
const NOT_THERE: ReadonlySet<unknown> = new Set(["ENOTFOUND", "ENODATA"]);

/** Asks the name servers of the machine, or those that are named (`192.0.2.53`, `127.0.0.1:5353`). */
export function createNameServer(servers?: readonly string[]): NameServer {
  const resolver = new Resolver({ timeout: FIRST_TRY_MS, tries: 2 });
  if (servers !== undefined) {
    resolver.setServers(servers);
  }
  return {
    naptr: (name) => answerOf(async () => ({ records: await resolver.resolveNaptr(name), ttlMs: SERVICE_TTL_MS })),
    srv: (name) => answerOf(async () => ({ records: await resolver.resolveSrv(name), ttlMs: SERVICE_TTL_MS })),
    addresses: (host, family) =>
      answerOf(async () => {
        const options = { ttl: true } as const;
        const found = family === 4 ? await resolver.resolve4(host, options) : await resolver.resolve6(host, options);
        const ttlMs = Math.min(...found.map(({ ttl }) => ttl)) * 1000;
        return { records: found.map(({ address }) => address), ttlMs };
      }),
    close: () => resolver.cancel(),
  };
}

async function answerOf<Item>(
  ask: () => Promise<{ readonly records: readonly Item[]; readonly ttlMs: number }>,
): Promise<DnsAnswer<Item>> {
  try {
    const { records, ttlMs } = await ask();
    return records.length === 0 ? { kind: "none" } : { kind: "records", records, ttlMs };
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && NOT_THERE.has(cause.code)) {
      return { kind: "none" };
    }
    throw new CodedError("NAME_SERVER_FAILED", "the name servers gave no answer", {}, { cause });
  }
}
