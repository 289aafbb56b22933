import type { RunningBranch } from "@mss/l-mss";
import { hubIdSchema } from "@mss/model";
import type { BranchSettings } from "@mss/model";

/** Trunk settings for hubs at these hosts, in this order: hub-1, hub-2 …. */
export function hubsAt(...hosts: readonly string[]): Pick<BranchSettings, "trunk"> {
  const hubs = hosts.map((host, index) => ({
    id: hubIdSchema.parse(`hub-${index + 1}`),
    addresses: [{ transport: "udp" as const, host, port: 5060 }],
  }));
  return { trunk: { secret: "trunk-secret", hubs } };
}

/** Resolves when so many hubs take calls. */
export async function hubsUp(branch: RunningBranch, count: number): Promise<void> {
  const isSo = (): boolean => branch.status().hubs.filter(({ state }) => state === "up").length === count;
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = branch.on("hub", () => {
    if (isSo()) {
      resolve();
    }
  });
  if (isSo()) {
    resolve();
  }
  await promise;
  off();
}
