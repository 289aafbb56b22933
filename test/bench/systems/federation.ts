import { proxyAuthorizations } from "../core/credentials.ts";
import { PAIRS, addressOf, pairOf } from "../core/places.ts";
import { ProcessGroup } from "../core/processes.ts";
import { parseDelayBuckets, readMetrics } from "../core/stalls.ts";
import type { System } from "../core/system.ts";
import { requestUri } from "./hub.ts";
import { HTTP_PORT, nodeDocument, registerFrom, spawnNode, spawnRedis, trunkIsUp } from "./nodes.ts";

const SUBNET = 6;
const [WEST, HUB, EAST] = [addressOf(SUBNET, 1), addressOf(SUBNET, 2), addressOf(SUBNET, 3)];
const PASSWORD = "secret-of-phones";

function branch(id: string, host: string, firstDigit: string): [id: string, branch: object] {
  return [
    id,
    {
      numbers: [`${firstDigit}xxx`],
      ...nodeDocument(host, { http: true }),
      trunk: { secret: `secret-of-the-trunk-of-${id}`, address: host },
      extensions: { [`${firstDigit}000-${firstDigit}999`]: { secret: PASSWORD } },
    },
  ];
}

/** West has 1xxx, east 2xxx, a phone there for each pair. */
function topology(): object {
  return {
    federation: "benchmark",
    demo: true,
    hubs: { "hub-1": nodeDocument(HUB.host, { http: true }) },
    branches: Object.fromEntries([branch("west", WEST.host, "1"), branch("east", EAST.host, "2")]),
  };
}

/** From a phone in one branch through the hub to a phone in another: three B2BUAs, each `mss run` of its own. */
export function branchToBranch({ withRedis, flags }: { withRedis: boolean; flags: readonly string[] }): System {
  return {
    name: "branches",
    what: "branch, hub and branch on the embedded engine: three processes, three B2BUAs in each call",
    subnet: SUBNET,
    calleeServer: EAST,
    async start() {
      const processes = await ProcessGroup.create();
      const environment = withRedis ? await spawnRedis(processes, HUB.host) : {};
      const node = { document: topology(), environment, flags };
      const ownPid = await spawnNode(processes, { ...node, node: "hub-1", host: HUB.host });
      await spawnNode(processes, { ...node, node: "west", host: WEST.host });
      await spawnNode(processes, { ...node, node: "east", host: EAST.host });
      await processes.until("the trunks", async () => (await trunkIsUp(WEST.host)) && (await trunkIsUp(EAST.host)));
      for (let index = 0; index < PAIRS; index += 1) {
        const { caller, callee } = pairOf(SUBNET, index);
        await registerFrom(caller, { username: caller.number, password: PASSWORD }, WEST);
        await registerFrom(callee, { username: callee.number, password: PASSWORD }, EAST);
      }
      return {
        processes,
        ownPid,
        headersFor(pair, calls) {
          const { host, number: username } = pair.caller;
          const asker = { username, password: PASSWORD, host, server: WEST };
          return proxyAuthorizations(asker, requestUri(pair, WEST.host), calls);
        },
        stalls: async () => parseDelayBuckets(await readMetrics(HUB.host, HTTP_PORT)),
      };
    },
  };
}
