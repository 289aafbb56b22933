import { createLog, silentLog } from "@mss/runtime";
import type { Config } from "../config.ts";
import { LiveSettings } from "../live-settings.ts";
import { loadNodes } from "../load-nodes.ts";
import type { LoadedNodes } from "../load-nodes.ts";
import { startNodes } from "../nodes.ts";
import type { NodeSet } from "../nodes.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import type { ReloadSignal } from "../reload-signal.ts";
import type { StopSignal } from "../stop-signal.ts";
import { startFault } from "../start-fault.ts";
import type { StartFault } from "../start-fault.ts";
import { runWorkers } from "../workers/run-workers.ts";
import type { ForkWorker } from "../workers/run-workers.ts";
import type { WorkerMember } from "../workers/worker-member.ts";

export interface RunOptions {
  readonly files: readonly string[];
  /** Id of the one node to run; every node of the topology when absent. */
  readonly node?: string;
  readonly drainSeconds: number;
  /** In so many processes. */
  readonly workers: number;
  readonly workerPorts: number;
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly member?: WorkerMember | undefined;
  readonly forkWorker: ForkWorker;
  readonly stopSignal: StopSignal;
  readonly reloadSignal: ReloadSignal;
}

/** `mss run`: runs until told to stop, then drains. A second signal ends the drain at once. */
export async function run(options: RunOptions): Promise<ExitStatus> {
  const { config, output, member, workers } = options;
  const load = (): Promise<LoadedNodes> => loadNodes({ ...options, withoutTls: config.drachtio !== undefined });
  const loaded = await load();
  if (loaded.kind === "faulty") {
    return fail(options, { text: loaded.text, status: EXIT.usage });
  }
  output.err(member === undefined ? loaded.warnings : ""); // of several processes the supervisor has said it
  if (workers > 1 && member === undefined) {
    return runWorkers({ ...options, nodes: loaded.nodes });
  }
  if (config.drachtio !== undefined && loaded.nodes.hubs.length + loaded.nodes.branches.length > 1) {
    output.err("DRACHTIO_URL names one SIP engine, which serves one node: say which with --node ID\n");
    return EXIT.usage;
  }
  return runHere(options, loaded.nodes, load);
}

/** What keeps the nodes from running: one process of several tells its supervisor, which tells it once for all. */
async function fail({ member, output }: RunOptions, { text, status }: StartFault): Promise<ExitStatus> {
  if (member === undefined) {
    output.err(text);
  } else {
    await member.failed({ text: text.trimEnd(), status });
  }
  return status;
}

/** The nodes in this process. */
async function runHere(options: RunOptions, first: NodeSet, load: () => Promise<LoadedNodes>): Promise<ExitStatus> {
  const { config, member, stopSignal } = options;
  const base = member === undefined ? {} : { worker: String(member.group.worker) };
  const log = createLog({ level: config.logLevel ?? "info", base });
  let nodes;
  try {
    nodes = await startNodes(first, {
      config,
      log: (_node, settings) => createLog({ level: config.logLevel ?? settings?.logLevel ?? "info", base }),
      ...(member && { worker: { group: member.group, portOffset: options.workerPorts } }),
    });
  } catch (error) {
    const fault = startFault(error);
    return fail(options, { ...fault, text: `${fault.text}\n` });
  }
  member?.ready();
  // Files with a fault are told of by the first of several processes.
  const isTold = member === undefined || member.group.worker === 1;
  const live = new LiveSettings({ nodes, first, load, log: isTold ? log : silentLog() });
  await live.start();
  options.reloadSignal(() => {
    log.info("looking for new certificates and settings");
    void nodes.reloadCertificates();
    live.read("SIGHUP");
  });
  const signal = await stopSignal.first;
  await live.stop();
  const drainSeconds = member?.isAlone() === true ? 0 : options.drainSeconds; // its ports are wanted by the next one
  log.info({ reason: signal, drainSeconds }, "draining");
  await Promise.race([nodes.drainAndStop(drainSeconds * 1_000), stopSignal.second]);
  log.info("stopped");
  return EXIT.ok;
}
