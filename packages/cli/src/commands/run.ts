import { createLog } from "@mss/runtime";
import type { Config } from "../config.ts";
import { LiveSettings } from "../live-settings.ts";
import { loadNodes } from "../load-nodes.ts";
import type { LoadedNodes } from "../load-nodes.ts";
import { startNodes } from "../nodes.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import type { ReloadSignal } from "../reload-signal.ts";
import type { StopSignal } from "../stop-signal.ts";
import { startFault } from "../start-fault.ts";

export interface RunOptions {
  readonly files: readonly string[];
  /** Id of the one node to run; every node of the topology when absent. */
  readonly node?: string;
  readonly drainSeconds: number;
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly stopSignal: StopSignal;
  readonly reloadSignal: ReloadSignal;
}

/** `mss run`: runs until told to stop, then drains. A second signal ends the drain at once. */
export async function run(options: RunOptions): Promise<ExitStatus> {
  const { config, output, stopSignal } = options;
  const load = (): Promise<LoadedNodes> => loadNodes({ ...options, withoutTls: config.drachtio !== undefined });
  const loaded = await load();
  if (loaded.kind === "faulty") {
    output.err(loaded.text);
    return EXIT.usage;
  }
  output.err(loaded.warnings);
  if (config.drachtio !== undefined && loaded.nodes.hubs.length + loaded.nodes.branches.length > 1) {
    output.err("DRACHTIO_URL names one SIP engine, which serves one node: say which with --node ID\n");
    return EXIT.usage;
  }
  const log = createLog({ level: config.logLevel ?? "info" });
  let nodes;
  try {
    nodes = await startNodes(loaded.nodes, {
      config,
      log: (_node, settings) => createLog({ level: config.logLevel ?? settings?.logLevel ?? "info" }),
    });
  } catch (error) {
    const fault = startFault(error);
    output.err(`${fault.text}\n`);
    return fault.status;
  }
  const live = new LiveSettings({ nodes, first: loaded.nodes, load, log });
  await live.start();
  options.reloadSignal(() => {
    log.info("looking for new certificates and settings");
    void nodes.reloadCertificates();
    live.read("SIGHUP");
  });
  const signal = await stopSignal.first;
  await live.stop();
  log.info({ reason: signal, drainSeconds: options.drainSeconds }, "draining");
  await Promise.race([nodes.drainAndStop(options.drainSeconds * 1_000), stopSignal.second]);
  log.info("stopped");
  return EXIT.ok;
}
