import type { ExternalAddressSettings, LimitSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import type { EngineAddress } from "../drachtio/types.ts";
import { ENGINE_ADMISSION } from "./engine-admission.ts";
import type { NodeTls } from "./node-tls.ts";

/** What hubs and branches say alike of their embedded engine. */
export interface EngineSettings {
  readonly external?: ExternalAddressSettings;
  readonly limits?: LimitSettings;
}

export interface EngineOptionsParts {
  readonly settings: EngineSettings;
  readonly tls: NodeTls;
  /** What becomes of a TLS peer whose certificate cannot be believed: refused where nobody comes but nodes. */
  readonly unprovenPeers: "refuse" | "serve-without-name";
  readonly secret: string;
  readonly log: Logger;
}

const LOOPBACK = "127.0.0.1";

/** The options of a node's embedded engine, from its settings. */
export function engineOptions({ settings, tls, unprovenPeers, secret, log }: EngineOptionsParts) {
  const { external, limits } = settings;
  return {
    listen: tls.listen,
    ...(tls.credentials === undefined ? {} : { tls: { credentials: tls.credentials, unprovenPeers } }),
    ...(external === undefined ? {} : { externalAddress: external.address, localNetworks: external.localNetworks }),
    control: { host: LOOPBACK, port: 0, secret },
    ...ENGINE_ADMISSION,
    ...(limits === undefined ? {} : { messageLimits: limits.messages }),
    log,
  };
}

/** Where the application finds the embedded engine, which alone tells the names that TLS peers have proven. */
export function embeddedAddress(controlPort: number | undefined, secret: string): EngineAddress {
  return { host: LOOPBACK, port: controlPort ?? 0, secret, tellsPeerNames: true };
}
