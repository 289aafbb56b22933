import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openBranchStore } from "@mss/store";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";
import type { CallRecord } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { waitUntil } from "../support/wait-until.ts";
import type { AgentCommand } from "./agent.ts";
import { createChance, startRelay } from "./relay.ts";
import type { Impairment, Relay } from "./relay.ts";

/** Not `mss` itself, which starts this in a process of its own: what is killed here is the node. */
const MSS = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const runCommand = promisify(execFile);
const HTTP_PORT = 8080;
const SIP_PORT = 5060;
const START_LIMIT_MS = 180_000;

export const FEDERATION = "chaos";
export const HUBS = ["hub-1", "hub-2"] as const;
export type HubName = (typeof HUBS)[number];
export const BRANCHES = ["hk", "london"] as const;
export type BranchName = (typeof BRANCHES)[number];
export type NodeName = HubName | BranchName;

const ADDRESSES: Readonly<Record<NodeName, string>> = {
  "hub-1": "127.30.0.1",
  "hub-2": "127.30.0.2",
  hk: "127.30.0.11",
  london: "127.30.0.12",
};
/** Numbers of a branch begin with this digit. */
const FIRST_DIGIT: Readonly<Record<BranchName, string>> = { hk: "1", london: "4" };

/** What the hubs share. */
export interface ChaosStore {
  readonly url: string;
  stop(): Promise<void>;
}

/** What not every federation has. */
export interface FederationOptions {
  /** Another store than a single Redis that asks for nothing. */
  readonly openStore?: () => Promise<ChaosStore>;
  /** Nodes obey `command`; see agent.ts. */
  readonly agent?: boolean;
  /** Branches whose data are on a disk of a few MB, which needs root. */
  readonly smallDisk?: readonly BranchName[];
}

const SMALL_DISK = "size=6m";
const AGENT = new URL("agent.ts", import.meta.url).href;

/** A node as a process of its own, as an administrator starts it. */
interface RunningNode {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/**
 * Two hubs with one Redis and two branches, each a process; between every branch and every hub a line that can be cut, or
 * made bad. A branch takes the near end of its line for the hub.
 */
export class ChaosFederation {
  readonly #folder: string;
  readonly #options: FederationOptions;
  readonly #store: ChaosStore;
  readonly #redis: RedisServer | undefined;
  #slow: NodeJS.Timeout | undefined;
  readonly #lines = new Map<string, Relay>();
  readonly #nodes = new Map<NodeName, RunningNode>();

  private constructor(
    folder: string,
    options: FederationOptions,
    { store, redis }: { readonly store: ChaosStore; readonly redis?: RedisServer },
  ) {
    this.#folder = folder;
    this.#store = store;
    this.#options = options;
    this.#redis = redis;
  }

  /** Resolves when every trunk is up. */
  static async start(folder: string, options: FederationOptions = {}): Promise<ChaosFederation> {
    const store = await options.openStore?.();
    const redis = store === undefined ? await startRedis() : undefined;
    const stores = redis === undefined ? store && { store } : { store: redis, redis };
    if (stores === undefined) {
      throw new Error("no store");
    }
    const federation = new ChaosFederation(folder, options, stores);
    try {
      await federation.#startAll();
    } catch (error) {
      await federation.stop();
      throw error;
    }
    return federation;
  }

  /** Of a federation without a store of its own. */
  get redis(): RedisServer {
    if (this.#redis === undefined) {
      throw new Error("this fault has another store");
    }
    return this.#redis;
  }

  address(node: NodeName): string {
    return ADDRESSES[node];
  }

  /** Starts it, or starts it again with the data it left; resolves when its HTTP answers. */
  async startNode(node: NodeName): Promise<void> {
    const log = createWriteStream(path.join(this.#folder, `${node}.log`), { flags: "a" });
    const agent = this.#options.agent === true ? ["--import", AGENT] : [];
    const run = ["run", this.#file(node), "--node", node, "--drain-seconds", "5"];
    const child = spawn(process.execPath, [...agent, MSS, ...run], {
      env: {
        ...process.env,
        REDIS_URL: this.#store.url,
        CHAOS_AGENT_FILE: path.join(this.#folder, "agent.json"),
        CHAOS_AGENT_NODE: node,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.pipe(log);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    this.#nodes.set(node, { child, exited });
    await waitUntil(`${node} serves`, async () => (await this.health(node)) !== undefined, START_LIMIT_MS);
  }

  /** What its health page says, or undefined while it has none. */
  async health(node: NodeName): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const response = await fetch(`http://${ADDRESSES[node]}:${HTTP_PORT}/health`, {
        signal: AbortSignal.timeout(1_000),
      });
      const report: unknown = await response.json();
      return typeof report === "object" && report !== null ? { ...report } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Calls that the node has now; 0 when it is down. */
  async activeCalls(node: NodeName): Promise<number> {
    try {
      const response = await fetch(`http://${ADDRESSES[node]}:${HTTP_PORT}/metrics`, {
        signal: AbortSignal.timeout(2_000),
      });
      return Number(/^mss_calls_active(?:\{[^}]*\})? (\d+)/m.exec(await response.text())?.[1] ?? Number.NaN);
    } catch {
      return 0;
    }
  }

  signal(node: NodeName, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    this.#nodes.get(node)?.child.kill(signal);
  }

  /** Resolves when the process is gone. */
  async gone(node: NodeName): Promise<void> {
    await this.#nodes.get(node)?.exited;
  }

  /** The line between a branch and a hub; `up` is from the branch to the hub. Without impairments it is good again. */
  impair(
    branch: BranchName,
    hub: HubName,
    { up, down }: { readonly up?: Impairment; readonly down?: Impairment } = {},
  ): void {
    this.#lines
      .get(`${branch} ${hub}`)
      ?.impair({ ...(up === undefined ? {} : { aToB: up }), ...(down === undefined ? {} : { bToA: down }) });
  }

  /** The same in both directions of all lines. */
  impairAll(impairment: Impairment): void {
    for (const line of this.#lines.values()) {
      line.impair({ aToB: impairment, bToA: impairment });
    }
  }

  /** To all nodes; resolves when it is written, which they see within 0.1 s. */
  async command(command: AgentCommand): Promise<void> {
    await writeFile(path.join(this.#folder, "agent.json"), JSON.stringify(command));
  }

  /** Half a second of each 0.6 s Redis answers nothing. */
  slowRedis(): void {
    const { redis } = this;
    redis.freeze();
    this.#slow = setInterval(() => {
      redis.thaw();
      setTimeout(() => {
        if (this.#slow !== undefined) {
          redis.freeze();
        }
      }, 100);
    }, 600);
  }

  normalRedis(): void {
    clearInterval(this.#slow);
    this.#slow = undefined;
    this.#redis?.thaw();
  }

  /** Not a byte is left on the disk of the branch. */
  async fillDisk(branch: BranchName): Promise<void> {
    const file = await open(path.join(this.#dataOf(branch), "filler"), "w");
    const block = Buffer.alloc(64 * 1024);
    try {
      let size = block.length;
      while (size > 0) {
        const isWritten = await file.write(block, 0, size).then(
          () => true,
          () => false,
        );
        size = isWritten ? size : Math.floor(size / 2);
      }
    } finally {
      await file.close();
    }
  }

  async freeDisk(branch: BranchName): Promise<void> {
    await rm(path.join(this.#dataOf(branch), "filler"));
  }

  /** What the branch has recorded so far. */
  async records(branch: BranchName): Promise<readonly CallRecord[]> {
    const store = openBranchStore({
      file: path.join(this.#dataOf(branch), branch, `${branch}.sqlite`),
      log: silentLog(),
    });
    await store.start();
    try {
      return await store.callRecords.latest(1_000_000);
    } finally {
      await store.stop();
    }
  }

  async stopNodes(): Promise<void> {
    await Promise.all(
      [...this.#nodes].map(async ([, { child, exited }]) => {
        child.kill("SIGCONT");
        child.kill("SIGTERM");
        await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 15_000))]);
        child.kill("SIGKILL");
        await exited;
      }),
    );
  }

  async stop(): Promise<void> {
    this.normalRedis();
    await this.stopNodes();
    for (const branch of this.#options.smallDisk ?? []) {
      await runCommand("umount", [this.#dataOf(branch)]).catch(() => undefined);
    }
    await Promise.all([...this.#lines.values()].map((line) => line.close()));
    await this.#store.stop();
  }

  async #startAll(): Promise<void> {
    let seed = 1;
    for (const [branchIndex, branch] of BRANCHES.entries()) {
      for (const [hubIndex, hub] of HUBS.entries()) {
        const line = await startRelay({
          towardsA: { host: nearEnd(branchIndex, hubIndex), port: SIP_PORT },
          towardsB: { host: `127.30.${branchIndex + 1}.${hubIndex + 101}`, port: SIP_PORT },
          a: { host: ADDRESSES[branch], port: SIP_PORT },
          b: { host: ADDRESSES[hub], port: SIP_PORT },
          random: createChance(seed),
        });
        seed += 1;
        this.#lines.set(`${branch} ${hub}`, line);
      }
    }
    for (const node of [...HUBS, ...BRANCHES]) {
      await mkdir(path.join(this.#folder, node), { recursive: true });
      await writeFile(this.#file(node), JSON.stringify(documentFor(node), undefined, 2));
    }
    for (const branch of this.#options.smallDisk ?? []) {
      await mkdir(this.#dataOf(branch), { recursive: true });
      await runCommand("mount", ["-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", this.#dataOf(branch)]);
    }
    await Promise.all(HUBS.map((hub) => this.startNode(hub)));
    await Promise.all(BRANCHES.map((branch) => this.startNode(branch)));
    await this.trunksUp();
  }

  /** Resolves when every branch is registered at every hub. */
  async trunksUp(): Promise<void> {
    await waitUntil(
      "the trunks are up",
      async () => {
        const reports = await Promise.all(BRANCHES.map((branch) => this.health(branch)));
        return reports.every((report) => isUp(report?.["hubs"]));
      },
      START_LIMIT_MS,
    );
  }

  #dataOf(branch: BranchName): string {
    return path.join(this.#folder, branch, "data");
  }

  #file(node: NodeName): string {
    return path.join(this.#folder, node, "federation.yaml");
  }
}

/** The hub as the branch sees it. */
function nearEnd(branchIndex: number, hubIndex: number): string {
  return `127.30.${branchIndex + 1}.${hubIndex + 1}`;
}

function listen(host: string): object {
  return { sip: { listen: [`udp://${host}:${SIP_PORT}`] } };
}

function http(host: string): object {
  return { http: { listen: `${host}:${HTTP_PORT}` } };
}

/** The topology as one node has it, in JSON, which is YAML. */
function documentFor(node: NodeName): object {
  const branchIndex = BRANCHES.findIndex((branch) => branch === node);
  const hubAddress = (hub: HubName, hubIndex: number): string =>
    branchIndex < 0 ? ADDRESSES[hub] : nearEnd(branchIndex, hubIndex);
  return {
    federation: FEDERATION,
    demo: true,
    hubs: Object.fromEntries(
      HUBS.map((hub, hubIndex) => [
        hub,
        { ...listen(hubAddress(hub, hubIndex)), ...http(ADDRESSES[hub]), tls: { listen: false } },
      ]),
    ),
    branches: Object.fromEntries(
      BRANCHES.map((branch) => [
        branch,
        {
          numbers: [`${FIRST_DIGIT[branch]}xxx`],
          ...listen(ADDRESSES[branch]),
          ...http(ADDRESSES[branch]),
          tls: { listen: false },
          digest: ["MD5"], // SIPp knows no other
          trunk: { secret: `trunk-of-${branch}-is-long`, hubs: HUBS },
          extensions: { [`${FIRST_DIGIT[branch]}000-${FIRST_DIGIT[branch]}009`]: { secret: "secret-of-phones" } },
        },
      ]),
    ),
  };
}

export const PHONE_SECRET = "secret-of-phones";

function isUp(hubs: unknown): boolean {
  return Array.isArray(hubs) && hubs.every((hub: unknown) => JSON.stringify(hub).includes('"state":"up"'));
}
