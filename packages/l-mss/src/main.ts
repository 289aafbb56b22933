import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { CallLimits, EngineAddress } from "@mss/call-control";
import { NodeTls, callLimits, deferred, engineAccess, engineOptions, knownSources } from "@mss/call-control/node";
import type { ShippingTiming } from "@mss/call-control/node";
import type { BranchSettings, CallRecord } from "@mss/model";
import { compose } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import { openBranchStore } from "@mss/store";
import type { CarrierLinesOptions } from "./carrier/carrier-lines.ts";
import { BranchError } from "./errors.ts";
import type { HubLinkTiming } from "./hub-link.ts";
import type { HubProbeTiming } from "./hub-probe.ts";
import { createBranchNode } from "./node.ts";
import type { BranchNode } from "./node.ts";
import { trustedHosts } from "./trusted-hosts.ts";
import type { OrphanTiming } from "./orphan-watch.ts";
import type { PullTiming } from "./topology/topology-pull.ts";

/** What speaks SIP for the node: the engine of this repository, in this process, or a drachtio-server. */
export type EngineChoice = { readonly kind: "embedded" } | ({ readonly kind: "drachtio" } & EngineAddress);

export interface StartBranchOptions {
  readonly settings: BranchSettings;
  readonly engine: EngineChoice;
  readonly log: Logger;
  readonly limits?: CallLimits;
  readonly onRecord?: (record: CallRecord) => void;
  readonly trunkTiming?: Partial<HubLinkTiming>;
  readonly hubProbe?: Partial<HubProbeTiming>;
  readonly carrierTiming?: CarrierLinesOptions["timing"];
  readonly pullTiming?: Partial<PullTiming>;
  readonly orphanTiming?: Partial<OrphanTiming>;
  readonly shippingTiming?: Partial<ShippingTiming>;
  readonly hubFirstResponseTimeoutMs?: number;
}

async function createDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw new BranchError("DATA_DIRECTORY_FAILED", { directory }, { cause });
  }
}

/** An L-MSS that is up, with everything it stands on; `stop` stops all of it. */
export interface RunningBranch extends Omit<BranchNode, "start"> {
  /** Looks at the files of the certificate now, and takes new ones into use. Never rejects. */
  reloadCertificate(): Promise<void>;
}

/**
 * Starts an L-MSS with its store and, unless a drachtio-server is given, its engine. Rejects with the code of what
 * failed to start; nothing is left open then.
 */
export async function startBranch(options: StartBranchOptions): Promise<RunningBranch> {
  const { settings, engine: choice, log: parentLog, ...rest } = options;
  const log = parentLog.child({ role: "branch", node: settings.id });
  const isEmbedded = choice.kind === "embedded";
  const limits: CallLimits = { ...callLimits(settings), ...options.limits };
  const requiresCertificates = settings.trunk.requireCertificate === true;
  const { listen, tls: tlsSettings } = settings;
  const tls = await NodeTls.open({
    listen,
    requiresCertificates,
    isEmbedded,
    log,
    ...(tlsSettings && { tls: tlsSettings }),
  });
  await createDataDirectory(settings.dataDirectory);
  const store = openBranchStore({ file: path.join(settings.dataDirectory, `${settings.id}.sqlite`), log });
  const secret = randomBytes(16).toString("hex");
  const engine = isEmbedded
    ? createEngine(
        engineOptions({
          settings,
          tls,
          unprovenPeers: "serve-without-name",
          trusted: trustedHosts(settings),
          secret,
          calls: limits,
          log,
        }),
      )
    : undefined;
  const watch = tls.watch(engine);
  const node = deferred(() =>
    createBranchNode({
      settings: { ...settings, listen: tls.listen },
      store,
      certificate: () => tls.status(),
      ...(engine === undefined ? {} : { engineReport: () => engine.stats() }),
      engine: engineAccess(choice, engine, secret),
      log,
      ...rest,
      limits,
    }),
  );
  const parts = compose(
    [
      { name: "store", part: store },
      ...(engine === undefined
        ? []
        : [
            {
              name: "known sources",
              part: knownSources({ engine, bindings: (nowMs) => store.bindings.all(nowMs), log }),
            },
          ]),
      ...(engine === undefined ? [] : [{ name: "sip engine", part: engine }]),
      ...(watch === undefined ? [] : [{ name: "certificate watch", part: watch }]),
      { name: "node", part: node },
    ],
    { onStopFailure: (part, error) => log.error({ err: error, part }, "part failed to stop") },
  );
  await parts.start();
  return { ...node.get(), stop: () => parts.stop(), reloadCertificate: () => tls.reload() };
}
