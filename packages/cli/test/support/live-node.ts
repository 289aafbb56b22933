import type { TestContext } from "node:test";
import { withDeadline } from "@mss/runtime";
import { createLog, silentLog } from "@mss/runtime";
import { LiveSettings } from "../../src/live-settings.ts";
import { loadNodes } from "../../src/load-nodes.ts";
import { startNodes } from "../../src/nodes.ts";
import type { RunningNodes } from "../../src/nodes.ts";

export interface LiveNode {
  readonly nodes: RunningNodes;
  /** Resolves when the node tells what the test waits for; looked at whenever something of it changes. */
  until(what: string, isSo: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

const LIMIT_MS = 20_000;
const LOOK_MS = 20;

/** One node as `mss run FILE --node ID` has it, in this process. */
export async function runNode(t: TestContext, file: string, node: string, redisUrl?: string): Promise<LiveNode> {
  const log = process.env["MSS_TEST_LOG"] === undefined ? silentLog() : createLog({ level: "debug" });
  const load = () => loadNodes({ files: [file], node, environment: {} });
  const loaded = await load();
  if (loaded.kind === "faulty") {
    throw new Error(loaded.text);
  }
  const nodes = await startNodes(loaded.nodes, { config: redisUrl === undefined ? {} : { redisUrl }, log: () => log });
  const live = new LiveSettings({ nodes, first: loaded.nodes, load, log });
  await live.start();
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (!isStopped) {
      isStopped = true;
      await live.stop();
      await nodes.drainAndStop(0);
    }
  };
  t.after(stop);
  return { nodes, until, stop };
}

/** States of several nodes are told by no single event: they are looked at. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (isSo()) {
      resolve();
    }
  }, LOOK_MS);
  try {
    await withDeadline(promise, LIMIT_MS, what);
  } finally {
    clearInterval(timer);
  }
}
