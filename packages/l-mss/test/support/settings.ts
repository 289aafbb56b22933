import { MAX_CONTACTS_PER_EXTENSION, branchIdSchema, extensionNumberSchema, hubIdSchema } from "@mss/model";
import type { BranchSettings, ExtensionSettings } from "@mss/model";

export const HUB_ID = hubIdSchema.parse("hub-1");

export function passwordOf(number: string): string {
  return `secret-${number}`;
}

/** Settings of branch hk with 1000 to 1003 on `host`, its hub at `hubHost`. */
export function branchSettings(host: string, hubHost: string, overrides: Partial<BranchSettings> = {}): BranchSettings {
  const extensions = new Map(
    ["1000", "1001", "1002", "1003"].map(
      (number): [ReturnType<typeof extensionNumberSchema.parse>, ExtensionSettings] => [
        extensionNumberSchema.parse(number),
        { name: `Phone ${number}`, secret: passwordOf(number) },
      ],
    ),
  );
  return {
    id: branchIdSchema.parse("hk"),
    name: "Hong Kong",
    federation: "acme",
    listen: [{ transport: "udp", host, port: 5060 }],
    numbers: ["1xxx"],
    numbersElsewhere: [],
    extensions,
    trunk: {
      secret: "trunk-secret",
      hubs: [{ id: HUB_ID, addresses: [{ transport: "udp", host: hubHost, port: 5060 }] }],
    },
    registration: { minExpiresSeconds: 60, maxExpiresSeconds: 7200, defaultExpiresSeconds: 3600 },
    digestAlgorithms: ["SHA-256", "MD5"],
    maxContacts: MAX_CONTACTS_PER_EXTENSION,
    ringTimeoutMs: 5_000,
    dataDirectory: "",
    logLevel: "info",
    ...overrides,
  };
}
