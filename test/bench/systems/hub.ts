import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SipPhone } from "@mss/call-control/testing";
import { proxyAuthorizations } from "../core/credentials.ts";
import { PAIRS, addressOf, pairOf } from "../core/places.ts";
import type { Pair } from "../core/places.ts";
import { ProcessGroup } from "../core/processes.ts";
import { parseDelayBuckets, readMetrics } from "../core/stalls.ts";
import type { System } from "../core/system.ts";
import { CONTROL_PORT, SECRET, spawnDrachtio } from "./minimal.ts";

const MSS = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));
const HTTP_PORT = 8_080;
const REDIS_PORT = 6_379;
const REGISTERED_SECONDS = 3_600;
const HUB = "hub-1";

export interface HubOptions {
  readonly subnet: number;
  /** A drachtio-server to run on; the embedded engine when absent. */
  readonly drachtio?: string;
  /** Without Redis the hub keeps everything in memory. */
  readonly withRedis: boolean;
  /** For node, such as `--cpu-prof`. */
  readonly flags: readonly string[];
}

function passwordOf(branch: string): string {
  return `secret-of-the-trunk-of-${branch}`;
}

function listen(host: string): object {
  return { sip: { listen: [`udp://${host}:5060`] }, tls: { listen: false } };
}

/** The topology as an administrator writes it, in JSON, which is YAML: a calling and a called branch for each pair. */
function topology(subnet: number): string {
  const branch = (id: string, { number, host }: Pair["caller"]): [id: string, branch: object] => [
    id,
    { numbers: [`${number.slice(0, 2)}xx`], ...listen(host), trunk: { secret: passwordOf(id), address: host } },
  ];
  const { host } = addressOf(subnet, 1);
  return JSON.stringify({
    federation: "benchmark",
    demo: true,
    hubs: { [HUB]: { ...listen(host), http: { listen: `${host}:${HTTP_PORT}` } } },
    branches: Object.fromEntries(
      Array.from({ length: PAIRS }, (_unused, index) => pairOf(subnet, index)).flatMap(({ index, caller, callee }) => [
        branch(`from-${index}`, caller),
        branch(`to-${index}`, callee),
      ]),
    ),
  });
}

/** A called branch registers its trunk from the address at which SIPp will answer. */
async function registerTrunk(subnet: number, { index, callee }: Pair): Promise<void> {
  const username = `to-${index}`;
  const phone = await SipPhone.open({
    host: callee.host,
    port: callee.port,
    username,
    password: passwordOf(username),
    server: addressOf(subnet, 1),
  });
  const { status } = await phone.register({
    headers: [
      { name: "Contact", value: `<${phone.contact}>` },
      { name: "Expires", value: String(REGISTERED_SECONDS) },
    ],
  });
  await phone.close();
  if (status !== 200) {
    throw new Error(`the hub answers ${status} to the trunk of ${username}`);
  }
}

/** A hub as `mss run` starts it, with its defaults: log level info, call records, all checks. */
export function hub({ subnet, drachtio, withRedis, flags }: HubOptions): System {
  const { host } = addressOf(subnet, 1);
  const store = withRedis ? "Redis" : "memory";
  const engine = drachtio === undefined ? "embedded engine" : "drachtio-server";
  return {
    name: drachtio === undefined ? "hub" : "hub-drachtio",
    what: `our hub on the ${engine}, \`mss run\` with ${store}, ${PAIRS * 2} branches`,
    subnet,
    async start() {
      const processes = await ProcessGroup.create();
      const environment: Record<string, string> = {};
      if (withRedis) {
        processes.spawn("redis-server", [
          "--bind",
          host,
          "--port",
          String(REDIS_PORT),
          "--save",
          "",
          "--appendonly",
          "yes",
        ]);
        await processes.untilListening(host, REDIS_PORT);
        environment["REDIS_URL"] = `redis://${host}:${REDIS_PORT}`;
      }
      if (drachtio !== undefined) {
        await spawnDrachtio(processes, drachtio, subnet);
        environment["DRACHTIO_URL"] = `drachtio://:${SECRET}@${host}:${CONTROL_PORT}`;
      }
      const file = path.join(processes.folder, "federation.yaml");
      await writeFile(file, topology(subnet));
      const run = [MSS, "run", file, "--node", HUB, "--drain-seconds", "0"];
      processes.spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...flags, ...run], environment);
      await processes.untilListening(host, HTTP_PORT);
      for (let index = 0; index < PAIRS; index += 1) {
        await registerTrunk(subnet, pairOf(subnet, index));
      }
      return {
        processes,
        headersFor(pair, calls) {
          const username = `from-${pair.index}`;
          const asker = {
            username,
            password: passwordOf(username),
            host: pair.caller.host,
            server: addressOf(subnet, 1),
          };
          // the Request-URI as SIPp writes it, with the port, or as the phone of the stopwatch does, without
          const port = pair.index === 0 ? "" : `:${addressOf(subnet, 1).port}`;
          return proxyAuthorizations(asker, `sip:${pair.callee.number}@${host}${port}`, calls);
        },
        stalls: async () => parseDelayBuckets(await readMetrics(host, HTTP_PORT)),
      };
    },
  };
}
