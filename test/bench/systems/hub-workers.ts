import { createSocket } from "node:dgram";
import { once } from "node:events";
import { PAIRS, addressOf, pairOf } from "../core/places.ts";
import type { Address, Pair } from "../core/places.ts";
import { proxyAuthorizations } from "../core/credentials.ts";
import { ProcessGroup } from "../core/processes.ts";
import { readMetrics } from "../core/stalls.ts";
import type { System } from "../core/system.ts";
import { FEW_BRANCHES, HUB, passwordOf, requestUri, topology } from "./hub.ts";
import { HTTP_PORT, registerFrom, spawnNode, spawnRedis } from "./nodes.ts";

const SUBNET = 8;
const PORTS_TRIED = 40;
const FIRST_PORT = 5_100;
const LIMIT_MS = 60_000;

/** What each worker has sent and received so far. */
async function messagesOf(host: string): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  const text = await readMetrics(host, HTTP_PORT);
  for (const [, labels = "", count] of text.matchAll(/^mss_sip_messages_total\{(.*)\} (\d+)$/gm)) {
    const worker = Number(/worker="(\d+)"/.exec(labels)?.[1]);
    counts.set(worker, (counts.get(worker) ?? 0) + Number(count));
  }
  return counts;
}

/** The worker that the kernel gives what comes from there. */
async function workerOf(from: Address, server: Address): Promise<number> {
  const before = await messagesOf(server.host);
  const socket = createSocket("udp4");
  socket.bind(from.port, from.host);
  await once(socket, "listening");
  const { port } = socket.address();
  const lines = [
    `OPTIONS sip:${server.host} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from.host}:${port};branch=z9hG4bK${port}.${Date.now()};rport`,
    `From: <sip:probe@${from.host}>;tag=${port}`,
    `To: <sip:${server.host}>`,
    `Call-ID: ${port}.${Date.now()}@${from.host}`,
    "CSeq: 1 OPTIONS",
    "Max-Forwards: 70",
    "Content-Length: 0",
  ];
  socket.send(`${lines.join("\r\n")}\r\n\r\n`, server.port, server.host);
  await once(socket, "message", { signal: AbortSignal.timeout(LIMIT_MS) });
  socket.close();
  await once(socket, "close");
  const after = await messagesOf(server.host);
  const [found] = [...after.keys()].filter((worker) => (after.get(worker) ?? 0) > (before.get(worker) ?? 0));
  return found ?? 0;
}

/** A port of that host that leads to that worker. */
async function portTo(worker: number, host: string, server: Address): Promise<number> {
  for (let port = FIRST_PORT; port < FIRST_PORT + PORTS_TRIED; port += 1) {
    if ((await workerOf({ host, port }, server)) === worker) {
      return port;
    }
  }
  throw new Error(`${host}: no port of ${PORTS_TRIED} leads to worker ${worker}`);
}

/** A hub in several processes, `mss run --workers N`; callers of all pairs call from ports that share them among the workers. */
export function hubWorkers({
  workers,
  flags,
}: {
  readonly workers: number;
  readonly flags: readonly string[];
}): System {
  const server = addressOf(SUBNET, 1);
  const { host } = server;
  return {
    name: "hub-workers",
    what: `the same in ${workers} processes, \`mss run --workers ${workers}\`, with their supervisor; half of the callers come to each`,
    subnet: SUBNET,
    async start() {
      const processes = await ProcessGroup.create();
      const environment = { ...(await spawnRedis(processes, host)), MSS_WORKERS: String(workers) };
      const document = topology(SUBNET, FEW_BRANCHES);
      const ownPid = await spawnNode(processes, { node: HUB, document, host, environment, flags });
      await processes.until("all workers", async () => (await messagesOf(host)).size === workers);
      const pairs: Pair[] = [];
      /** The port from which a nonce is asked for: it is good at the worker that gave it. */
      const askFrom = new Map<number, number>();
      for (let index = 0; index < PAIRS; index += 1) {
        const pair = pairOf(SUBNET, index);
        const username = `to-${index}`;
        await registerFrom(pair.callee, { username, password: passwordOf(username) }, server);
        const worker = index === 0 ? await workerOf(pair.caller, server) : (index % workers) + 1;
        const port = await portTo(worker, pair.caller.host, server);
        askFrom.set(index, port);
        pairs.push(index === 0 ? pair : { ...pair, caller: { ...pair.caller, port } });
      }
      return {
        processes,
        ownPid,
        pairs: pairs.slice(1),
        headersFor(pair, calls) {
          const username = `from-${pair.index}`;
          const from = { host: pair.caller.host, port: askFrom.get(pair.index) ?? 0 };
          const asker = { username, password: passwordOf(username), ...from, server };
          return proxyAuthorizations(asker, requestUri(pair, host), calls);
        },
      };
    },
  };
}
