import { branchIdSchema, hubIdSchema } from "@mss/model";
import type { BranchId, HubSettings, Snapshot } from "@mss/model";
import { hashedSnapshot } from "@mss/topology";

export const HUB_ID = hubIdSchema.parse("hub-1");
export const HK = branchIdSchema.parse("hk");
export const LONDON = branchIdSchema.parse("london");
export const PARIS = branchIdSchema.parse("paris");

export function trunkSecretOf(branch: BranchId): string {
  return `trunk-secret-of-${branch}`;
}

/** Hong Kong 1xxx, London 4xxx, Paris 5xxx. */
export function snapshotOf(branches: Partial<Record<string, Partial<Snapshot["branches"][number]>>> = {}): Snapshot {
  return hashedSnapshot({
    federation: "acme",
    hubs: [],
    branches: [
      { id: HK, name: "Hong Kong", numbers: ["1xxx"], ...branches["hk"] },
      { id: LONDON, name: "London", numbers: ["4xxx"], ...branches["london"] },
      { id: PARIS, name: "Paris", numbers: ["5xxx"], ...branches["paris"] },
    ],
  });
}

export function hubSettings(host: string, overrides: Partial<HubSettings> = {}): HubSettings {
  return {
    id: HUB_ID,
    federation: "acme",
    listen: [{ transport: "udp", host, port: 5060 }],
    trunks: new Map([HK, LONDON, PARIS].map((branch) => [branch, { secret: trunkSecretOf(branch) }])),
    registration: { minExpiresSeconds: 10, maxExpiresSeconds: 3600, defaultExpiresSeconds: 60 },
    ringTimeoutMs: 10_000,
    logLevel: "info",
    ...overrides,
  };
}
