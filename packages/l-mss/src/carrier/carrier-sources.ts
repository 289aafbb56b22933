import { lookup, resolveSrv } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { isSameHost } from "@mss/call-control/node";
import type { CarrierLineSettings, CarrierServer } from "@mss/model";
import { Rounds, pause } from "@mss/runtime";
import type { Logger } from "@mss/runtime";

export interface CarrierSourcesOptions {
  readonly lines: () => readonly CarrierLineSettings[];
  readonly log: Logger;
}

const LOOK_UP_EVERY_MS = 60_000;

/**
 * From which addresses carriers call: those of the settings, and those that the names of their servers have in DNS. What is
 * known of a name stays while no name server answers.
 */
export class CarrierSources {
  readonly #options: CarrierSourcesOptions;
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #rounds: Rounds;

  constructor(options: CarrierSourcesOptions) {
    this.#options = options;
    this.#rounds = new Rounds({
      round: async (signal) => {
        await this.#lookUp();
        await pause(LOOK_UP_EVERY_MS, signal);
      },
      onFailed: (err) => options.log.error({ err }, "look-up of carriers failed"),
      failurePauseMs: LOOK_UP_EVERY_MS,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** There are other lines. */
  refresh(): void {
    this.#rounds.again();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  isOf({ server, sources }: CarrierLineSettings, host: string): boolean {
    const known = isIP(server.host) === 0 ? (this.#addresses.get(keyOf(server)) ?? []) : [server.host];
    return known.some((address) => isSameHost(address, host)) || isAmong(sources, host);
  }

  async #lookUp(): Promise<void> {
    for (const { id, server } of this.#options.lines().filter((line) => isIP(line.server.host) === 0)) {
      const found = await addressesOf(server);
      if (found.length > 0) {
        this.#addresses.set(keyOf(server), found);
      } else if (!this.#addresses.has(keyOf(server))) {
        this.#options.log.warn(
          { line: id, host: server.host },
          "carrier has no address in DNS: its calls are not known",
        );
      }
    }
  }
}

function isAmong(networks: readonly string[], host: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    list.addSubnet(address, Number(length), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 6 ? "ipv6" : "ipv4");
}

function keyOf({ transport, host, port }: CarrierServer): string {
  return `${transport} ${host} ${port ?? ""}`;
}

/** Of the name itself, and of what its SRV records name. Empty when no name server tells. */
async function addressesOf({ transport, host, port }: CarrierServer): Promise<readonly string[]> {
  const service = transport === "tls" ? "_sips._tcp" : `_sip._${transport}`;
  const records = port === undefined ? await resolveSrv(`${service}.${host}`).catch(() => []) : [];
  const names = [host, ...records.map(({ name }) => name)];
  const found = await Promise.all(names.map((name) => lookup(name, { all: true }).catch(() => [])));
  return [...new Set(found.flat().map(({ address }) => address))];
}
