import type { ChildProcess } from "node:child_process";
import type { HubSettings } from "@mss/model";
import { createLog, isCoded } from "@mss/runtime";
import type { Config } from "../config.ts";
import type { NodeSet } from "../nodes.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import type { ReloadSignal } from "../reload-signal.ts";
import { startFault } from "../start-fault.ts";
import type { StopSignal } from "../stop-signal.ts";
import { createNodePages } from "./node-pages.ts";
import { Supervisor } from "./supervisor.ts";
import { TOPICS } from "./topics.ts";

/** Starts the process of a worker: the same command once more, which is told its place, such as `2/4`. */
export type ForkWorker = (place: string) => ChildProcess;

export interface RunWorkersOptions {
  readonly nodes: NodeSet;
  readonly workers: number;
  readonly drainSeconds: number;
  readonly config: Config;
  readonly forkWorker: ForkWorker;
  readonly output: Output;
  readonly stopSignal: StopSignal;
  readonly reloadSignal: ReloadSignal;
}

/** Why a node cannot run in several processes, in a line each; undefined: it can. */
function hubOf({ nodes, config }: RunWorkersOptions): { readonly hub: HubSettings } | { readonly reason: string } {
  const [hub, ...others] = nodes.hubs;
  if (hub === undefined || others.length + nodes.branches.length > 0) {
    return {
      reason:
        "--workers is for one hub: say which with --node ID. A branch runs in one process: its phones, their lamps and transfers are in its memory",
    };
  }
  if (config.drachtio !== undefined) {
    return { reason: "--workers is for the embedded engine: a drachtio-server is one process, take DRACHTIO_URL out" };
  }
  if (config.redisUrl === undefined) {
    return { reason: "--workers needs REDIS_URL: without it each worker would count the calls of a trunk by itself" };
  }
  if (process.platform !== "linux") {
    return { reason: "--workers needs Linux, which shares out a port among processes" };
  }
  return { hub };
}

/** `mss run --workers N`: N processes of one hub, and this one that keeps them running and answers HTTP for all. */
export async function runWorkers(options: RunWorkersOptions): Promise<ExitStatus> {
  const { workers, config, forkWorker, output, stopSignal, reloadSignal, drainSeconds } = options;
  const found = hubOf(options);
  if ("reason" in found) {
    output.err(`${found.reason}\n`);
    return EXIT.usage;
  }
  const { hub } = found;
  const log = createLog({ level: config.logLevel ?? hub.logLevel ?? "info", base: { role: "hub", node: hub.id } });
  const supervisor = new Supervisor({ workers, fork: (worker) => forkWorker(`${worker}/${workers}`), log });
  const pages =
    hub.http && createNodePages({ node: hub.id, listen: hub.http, supervisor, log: log.child({ mod: "http" }) });
  const outcome = await Promise.race([start(supervisor, pages), stopSignal.second]);
  if (typeof outcome === "string" || outcome.kind === "failed") {
    await supervisor.kill();
    output.err(typeof outcome === "string" ? "" : `${outcome.text}\n`);
    return typeof outcome === "string" ? EXIT.failed : outcome.status === EXIT.usage ? EXIT.usage : EXIT.failed;
  }
  log.info({ workers }, "all workers are up");
  reloadSignal(() => supervisor.tellAll(TOPICS.reload, undefined));
  const signal = await stopSignal.first;
  log.info({ reason: signal, drainSeconds }, "draining");
  await Promise.race([supervisor.drain(), stopSignal.second]);
  await supervisor.kill();
  await pages?.stop();
  log.info("stopped");
  return EXIT.ok;
}

/** The pages first: their address is looked at before a worker takes calls. */
async function start(
  supervisor: Supervisor,
  pages: ReturnType<typeof createNodePages> | undefined,
): ReturnType<Supervisor["start"]> {
  try {
    await pages?.start();
  } catch (error) {
    if (!isCoded(error)) {
      throw error;
    }
    return { kind: "failed", ...startFault(error) };
  }
  const outcome = await supervisor.start();
  if (outcome.kind === "failed") {
    await pages?.stop();
  }
  return outcome;
}
