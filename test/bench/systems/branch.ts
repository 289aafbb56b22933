import { proxyAuthorizations } from "../core/credentials.ts";
import { PAIRS, addressOf, pairOf } from "../core/places.ts";
import { ProcessGroup } from "../core/processes.ts";
import { parseDelayBuckets, readMetrics } from "../core/stalls.ts";
import type { System } from "../core/system.ts";
import { requestUri } from "./hub.ts";
import { HTTP_PORT, nodeDocument, registerFrom, spawnNode } from "./nodes.ts";

const SUBNET = 7;
const NO_HUB = addressOf(SUBNET, 2);

export const BRANCH = addressOf(SUBNET, 1);
export const BRANCH_ID = "office";
export const PHONE_PASSWORD = "secret-of-phones";
export const FIRST_PHONE = 50_000;

/** A branch alone, its hub away: two phones for each pair, and 10,000 more. */
export function branch(flags: readonly string[]): System {
  return {
    name: "branch",
    what: "a branch on the embedded engine, `mss run`, its registrations in SQLite, its hub away",
    subnet: SUBNET,
    async start() {
      const processes = await ProcessGroup.create();
      const document = {
        federation: "benchmark",
        demo: true,
        hubs: { "hub-1": nodeDocument(NO_HUB.host) },
        branches: {
          [BRANCH_ID]: {
            numbers: ["1xxx", "2xxx", "5xxxx"],
            ...nodeDocument(BRANCH.host, { http: true }),
            trunk: { secret: "secret-of-the-trunk" },
            extensions: {
              "1000-1999": { secret: PHONE_PASSWORD },
              "2000-2999": { secret: PHONE_PASSWORD },
              "50000-59999": { secret: PHONE_PASSWORD },
            },
          },
        },
      };
      const ownPid = await spawnNode(processes, {
        node: BRANCH_ID,
        document,
        host: BRANCH.host,
        environment: {},
        flags,
      });
      for (let index = 0; index < PAIRS; index += 1) {
        const { caller, callee } = pairOf(SUBNET, index);
        await registerFrom(caller, { username: caller.number, password: PHONE_PASSWORD }, BRANCH);
        await registerFrom(callee, { username: callee.number, password: PHONE_PASSWORD }, BRANCH);
      }
      return {
        processes,
        ownPid,
        headersFor(pair, calls) {
          const { host, number: username } = pair.caller;
          const asker = { username, password: PHONE_PASSWORD, host, server: BRANCH };
          return proxyAuthorizations(asker, requestUri(pair, BRANCH.host), calls);
        },
        stalls: async () => parseDelayBuckets(await readMetrics(BRANCH.host, HTTP_PORT)),
      };
    },
  };
}
