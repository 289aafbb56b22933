import { isIP } from "node:net";
import type { ConnectionLimitSettings, ExternalAddressSettings, LimitSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import type { CallLimits } from "../call-control-types.ts";
import type { EngineAddress, LocalEngine } from "../drachtio/types.ts";
import { workerOptions } from "./node-worker.ts";
import type { NodeWorker } from "./node-worker.ts";
import { ENGINE_ADMISSION } from "./engine-admission.ts";
import type { NodeTls } from "./node-tls.ts";

/** What hubs and branches say alike of their embedded engine. */
export interface EngineSettings {
  readonly external?: ExternalAddressSettings;
  readonly limits?: LimitSettings;
  readonly largeRequestBytes?: number;
}

export interface EngineOptionsParts {
  readonly settings: EngineSettings;
  readonly tls: NodeTls;
  /** What becomes of a TLS peer whose certificate cannot be believed: refused where nobody comes but nodes. */
  readonly unprovenPeers: "refuse" | "serve-without-name";
  /** Hosts of the peers that the settings name: hubs, trunks, gateways. Names among them say nothing of a source. */
  readonly trusted: readonly string[];
  readonly secret: string;
  /** What the node asks of its calls; the engine takes no shorter session timer. */
  readonly calls?: Pick<CallLimits, "minimumSessionSeconds"> | undefined;
  /** This process as one of several of the node; absent: it is the only one. */
  readonly worker?: NodeWorker | undefined;
  readonly log: Logger;
}

const MILLISECONDS = 1000;

/** The options of a node's embedded engine, from its settings. */
export function engineOptions(parts: EngineOptionsParts) {
  const { settings, tls, unprovenPeers, trusted, secret, calls, worker, log } = parts;
  const { external, limits, largeRequestBytes } = settings;
  const minimumSeconds = calls?.minimumSessionSeconds;
  return {
    listen: tls.listen,
    ...(worker === undefined ? {} : { worker: workerOptions(worker) }),
    ...(tls.credentials === undefined ? {} : { tls: { credentials: tls.credentials, unprovenPeers } }),
    ...(external === undefined ? {} : { externalAddress: external.address, localNetworks: external.localNetworks }),
    control: { secret },
    ...ENGINE_ADMISSION,
    ...(largeRequestBytes === undefined ? {} : { datagramBytes: largeRequestBytes }),
    ...(minimumSeconds === undefined ? {} : { sessionTimers: { minimumSeconds } }),
    ...(limits === undefined ? {} : limitOptions(limits)),
    trusted: [...new Set(trusted.filter((host) => isIP(host) !== 0))],
    log,
  };
}

function limitOptions({ messages, connections, flood }: LimitSettings) {
  return { messageLimits: messages, connectionLimits: connectionLimits(connections), flood };
}

/** The engine counts in milliseconds and has longer names. */
function connectionLimits(settings: ConnectionLimitSettings) {
  const { perAddress, total, dialled, backlogBytes, handshakesPerAddress, handshakes } = settings;
  return {
    connectionsPerAddress: perAddress,
    connections: total,
    dialledConnections: dialled,
    messageMs: settings.messageSeconds * MILLISECONDS,
    idleMs: settings.idleSeconds * MILLISECONDS,
    backlogBytes,
    writeMs: settings.writeSeconds * MILLISECONDS,
    connectMs: settings.connectSeconds * MILLISECONDS,
    pingMs: settings.pingSeconds * MILLISECONDS,
    pongMs: settings.pongSeconds * MILLISECONDS,
    handshakesPerAddress,
    handshakes,
    handshakeMs: settings.handshakeSeconds * MILLISECONDS,
  };
}

/**
 * How the application of a node reaches its engine: the embedded one without a socket. That one alone tells the names that
 * TLS peers have proven.
 */
export function engineAccess(
  choice: { readonly kind: "embedded" } | ({ readonly kind: "drachtio" } & EngineAddress),
  embedded: Pick<LocalEngine, "attach"> | undefined,
  secret: string,
): EngineAddress | LocalEngine {
  return choice.kind === "drachtio"
    ? choice
    : { attach: (server, methods) => embedded?.attach(server, methods), secret, tellsPeerNames: true };
}
