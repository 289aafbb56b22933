import { MAX_CONTACTS_PER_EXTENSION, branchIdSchema, extensionNumberSchema, hubIdSchema } from "@mss/model";
import type { BranchSettings, ExtensionSettings, FloodLimitSettings, LimitSettings } from "@mss/model";
import { FLOOD_LIMITS } from "@mss/sip-engine";
import { DEFAULT_LIMITS } from "@mss/sip-message";

export const HUB_ID = hubIdSchema.parse("hub-1");

export function passwordOf(number: string): string {
  return `secret-${number}`;
}

/** The limits of a node with others for floods. */
export function floodLimits(flood: Partial<FloodLimitSettings>): LimitSettings {
  return {
    messages: DEFAULT_LIMITS,
    connections: {
      perAddress: 100,
      total: 10_000,
      dialled: 5_000,
      messageSeconds: 10,
      idleSeconds: 60,
      backlogBytes: 262_144,
      writeSeconds: 10,
      connectSeconds: 5,
      pingSeconds: 25,
      pongSeconds: 10,
      handshakesPerAddress: 50,
      handshakes: 1_000,
      handshakeSeconds: 5,
    },
    flood: { ...FLOOD_LIMITS, ...flood },
  };
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
