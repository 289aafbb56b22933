import { after, before } from "node:test";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import { startFederation } from "../support/federation.ts";
import type { Federation, FederationOptions } from "../support/federation.ts";
import { skipWithoutSipp } from "../support/sipp.ts";

/** Why the end-to-end tests are skipped here; false where everything is installed. */
export const skip: string | false = skipWithoutSipp() || (process.env["MSS_SKIP_REDIS"] ?? false);

/** Where both parties are. Every feature of a call is tried in both. */
export const PLACES = [
  { name: "within a branch", caller: 1000, callee: 1001 },
  { name: "between branches", caller: 1000, callee: 4000 },
] as const;

/**
 * A hub with a real Redis and two branches, started before the file's tests and stopped after them. Each test takes
 * extensions of its own, so that nothing of one test reaches the next.
 */
export function federationForFile(options: Omit<FederationOptions, "store">): { readonly federation: Federation } {
  let redis: RedisServer | undefined;
  let federation: Federation | undefined;
  before(async () => {
    if (skip === false) {
      redis = await startRedis();
      federation = await startFederation({ ...options, store: { kind: "redis", url: redis.url } });
    }
  });
  after(async () => {
    await federation?.stop();
    await redis?.stop();
  });
  return {
    get federation() {
      if (federation === undefined) {
        throw new Error("the federation runs in tests only");
      }
      return federation;
    },
  };
}
