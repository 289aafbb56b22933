import { connectRedis } from "@mss/store";
import type { ConnectRedisOptions, RedisStores } from "@mss/store";
import { silentLog } from "@mss/runtime";

const reason = process.env["MSS_SKIP_REDIS"];

/** For `describe`: the runner decides whether there is Redis, by MSS_SKIP_REDIS; without it a missing one is a failure. */
export const skipRedis: string | false =
  reason === undefined || reason === "" ? false : `MSS_SKIP_REDIS is set: ${reason}`;

let federations = 0;

/** Stores with keys of their own. */
export function redisStores(
  url: string,
  federation = `test-${process.pid}-${(federations += 1)}`,
  options: Pick<ConnectRedisOptions, "callLimitMs"> = {},
): RedisStores {
  return connectRedis({ url, federation, log: silentLog(), ...options });
}
