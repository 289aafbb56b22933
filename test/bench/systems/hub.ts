import { proxyAuthorizations } from "../core/credentials.ts";
import { PAIRS, addressOf, pairOf } from "../core/places.ts";
import type { Pair } from "../core/places.ts";
import { ProcessGroup } from "../core/processes.ts";
import { parseDelayBuckets, readMetrics } from "../core/stalls.ts";
import type { System } from "../core/system.ts";
import { CONTROL_PORT, SECRET, spawnDrachtio } from "./minimal.ts";
import { HTTP_PORT, nodeDocument, registerFrom, spawnNode, spawnRedis } from "./nodes.ts";

export const HUB = "hub-1";
/** More than its default of 10,000, so that there is another call while so many stand. */
const CALLS_AT_ONCE = 12_000;
/** Those that call and are called. */
export const FEW_BRANCHES = PAIRS * 2;
/** The others are in 127.<this>.0.0/16, 200 in a /24. */
export const IDLE_NETWORK = 34;

export interface HubOptions {
  readonly subnet: number;
  /** A drachtio-server to run on; the embedded engine when absent. */
  readonly drachtio?: string;
  /** Without Redis the hub keeps everything in memory. */
  readonly withRedis: boolean;
  /** For node, such as `--cpu-prof`. */
  readonly flags: readonly string[];
  /** Branches of the federation; those beyond the ten that call and are called have numbers and nobody there. */
  readonly branches?: number;
}

export function passwordOf(id: string): string {
  return `secret-of-the-trunk-of-${id}`;
}

function idleBranch(index: number): [id: string, branch: object] {
  const host = `127.${IDLE_NETWORK}.${Math.floor(index / 200)}.${1 + (index % 200)}`;
  const id = `office-${index}`;
  const numbers = [`3${String(index).padStart(4, "0")}xx`];
  return [id, { numbers, ...nodeDocument(host), trunk: { secret: passwordOf(id), address: host } }];
}

function branch(id: string, { number, host }: Pair["caller"]): [id: string, branch: object] {
  const trunk = { secret: passwordOf(id), address: host };
  return [id, { numbers: [`${number.slice(0, 2)}xx`], ...nodeDocument(host), trunk }];
}

/** The topology as an administrator writes it: a calling and a called branch for each pair, and more if asked for. */
export function topology(subnet: number, branches: number): object {
  return {
    federation: "benchmark",
    demo: true,
    hubs: {
      [HUB]: {
        ...nodeDocument(addressOf(subnet, 1).host, { http: true }),
        limits: { calls: { atOnce: CALLS_AT_ONCE } },
      },
    },
    branches: Object.fromEntries([
      ...Array.from({ length: PAIRS }, (_unused, index) => pairOf(subnet, index)).flatMap(
        ({ index, caller, callee }) => [branch(`from-${index}`, caller), branch(`to-${index}`, callee)],
      ),
      ...Array.from({ length: Math.max(0, branches - FEW_BRANCHES) }, (_unused, index) => idleBranch(index)),
    ]),
  };
}

/** A hub as `mss run` starts it, with its defaults: log level info, call records, all checks. */
export function hub({ subnet, drachtio, withRedis, flags, branches = FEW_BRANCHES }: HubOptions): System {
  const server = addressOf(subnet, 1);
  const { host } = server;
  const engine = drachtio === undefined ? "embedded engine" : "drachtio-server";
  return {
    name: drachtio === undefined ? "hub" : "hub-drachtio",
    what: `our hub on the ${engine}, \`mss run\` with ${withRedis ? "Redis" : "memory"}, ${branches} branches`,
    subnet,
    async start() {
      const processes = await ProcessGroup.create();
      const redis = withRedis ? await spawnRedis(processes, host) : {};
      if (drachtio !== undefined) {
        await spawnDrachtio(processes, drachtio, subnet);
      }
      const link = drachtio === undefined ? {} : { DRACHTIO_URL: `drachtio://:${SECRET}@${host}:${CONTROL_PORT}` };
      const document = topology(subnet, branches);
      const environment = { ...redis, ...link };
      const ownPid = await spawnNode(processes, { node: HUB, document, host, environment, flags });
      for (let index = 0; index < PAIRS; index += 1) {
        const username = `to-${index}`;
        await registerFrom(pairOf(subnet, index).callee, { username, password: passwordOf(username) }, server);
      }
      return {
        processes,
        ownPid,
        headersFor(pair, calls) {
          const username = `from-${pair.index}`;
          const asker = { username, password: passwordOf(username), host: pair.caller.host, server };
          return proxyAuthorizations(asker, requestUri(pair, host), calls);
        },
        stalls: async () => parseDelayBuckets(await readMetrics(host, HTTP_PORT)),
      };
    },
  };
}

/** As SIPp writes it, with the port, or as the phone of the stopwatch does, without. */
export function requestUri({ index, callee }: Pair, host: string): string {
  return `sip:${callee.number}@${host}${index === 0 ? "" : `:${callee.port}`}`;
}
