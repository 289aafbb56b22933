import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLog } from "@mss/runtime";
import type { Config } from "../config.ts";
import { CallTrails } from "../demo/call-trail.ts";
import { formatLadder } from "../demo/ladder.ts";
import { connectPhones } from "../demo/connect-phones.ts";
import type { DemoPhones } from "../demo/connect-phones.ts";
import { DEMO_CALLS, placeCall } from "../demo/place-calls.ts";
import { softphoneHelp } from "../demo/softphone-help.ts";
import { loadNodes } from "../load-nodes.ts";
import { startNodes } from "../nodes.ts";
import type { NodeSet, RunningNodes } from "../nodes.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { startFault } from "../start-fault.ts";
import type { StopSignal } from "../stop-signal.ts";

export interface DemoOptions {
  /** The topology that comes with the project. */
  readonly file: string;
  /** End after the calls; otherwise stay up until told to stop. */
  readonly once: boolean;
  /** One JSON object per call on standard output, everything else on standard error. */
  readonly json: boolean;
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly stopSignal: StopSignal;
}

const DRAIN_LIMIT_MS = 2_000;

/** `mss demo`: hub and branches in this process, real calls between phones of our own. OK only if all were answered. */
export async function demo(options: DemoOptions): Promise<ExitStatus> {
  const loaded = await loadNodes({ ...options, files: [options.file] });
  if (loaded.kind === "faulty") {
    options.output.err(loaded.text);
    return EXIT.usage;
  }
  // Registrations of a demo are not worth keeping, and the checkout stays as it was.
  const directory = await mkdtemp(path.join(tmpdir(), "mss-demo-"));
  try {
    const inDirectory = <Settings extends { readonly id: string }>(settings: Settings) => ({
      ...settings,
      dataDirectory: path.join(directory, settings.id),
    });
    const { hubs, branches, ...rest } = loaded.nodes;
    return await runDemo({ ...rest, hubs: hubs.map(inDirectory), branches: branches.map(inDirectory) }, options);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function runDemo(nodeSet: NodeSet, options: DemoOptions): Promise<ExitStatus> {
  const trails = new CallTrails();
  const log = createLog({ level: options.config.logLevel ?? "warn" });
  let nodes: RunningNodes;
  try {
    nodes = await startNodes(nodeSet, {
      config: options.config,
      log: () => log,
      onRecord: (record) => trails.add(record),
    });
  } catch (error) {
    const fault = startFault(error);
    options.output.err(`${fault.text}\n`);
    return fault.status;
  }
  let phones: DemoPhones | undefined;
  try {
    phones = await connectPhones(nodeSet, nodes, log);
    return await callAndStay(phones, trails, nodeSet, options);
  } catch (error) {
    const fault = startFault(error);
    options.output.err(`${fault.text}\n`);
    return EXIT.failed;
  } finally {
    // Phones last: they answer the BYEs of the calls that end now.
    await nodes.drainAndStop(DRAIN_LIMIT_MS);
    await phones?.stop();
  }
}

async function callAndStay(
  phones: DemoPhones,
  trails: CallTrails,
  nodeSet: NodeSet,
  options: DemoOptions,
): Promise<ExitStatus> {
  const { output } = options;
  let allAnswered = true;
  for (const { from, to } of DEMO_CALLS) {
    const placed = await placeCall(phones.get(from), trails, from, to);
    allAnswered &&= placed.answered;
    output.out(options.json ? `${JSON.stringify(placed.call)}\n` : `${formatLadder(placed.call, placed.hops)}\n\n`);
  }
  if (!options.once) {
    (options.json ? output.err : output.out)(softphoneHelp(nodeSet));
    await options.stopSignal.first;
  }
  return allAnswered ? EXIT.ok : EXIT.failed;
}
