import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { waitUntil } from "./wait-until.ts";

const COMMAND = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const START_LIMIT_MS = 60_000; // three processes, on a machine that has others to run
const SIP_PORT = 5060;
const HTTP_PORT = 8080;

export interface HubWorkersOptions {
  readonly federation: string;
  /** Addresses are in 127.20.<net>.x. */
  readonly net: number;
  readonly redisUrl: string;
  readonly workers: number;
}

/** A worker as `/health` tells of it. */
export interface WorkerView {
  readonly worker: number;
  readonly state: string;
  readonly restarts: number;
  readonly pid?: number;
  readonly ok: boolean;
}

/** `mss run --workers N` of hub-1, as a user has it, with the trunks of hk and london. */
export class HubWorkers {
  readonly #options: HubWorkersOptions;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #exit: Promise<unknown>;
  #log = "";

  private constructor(options: HubWorkersOptions, child: ChildProcess, directory: string) {
    this.#options = options;
    this.#child = child;
    this.#directory = directory;
    this.#exit = once(child, "exit");
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
  }

  /** Resolves when all workers are up. */
  static async start(options: HubWorkersOptions): Promise<HubWorkers> {
    const directory = await mkdtemp(path.join(tmpdir(), "mss-workers-"));
    const file = path.join(directory, "federation.yaml");
    await writeFile(file, documentOf(options));
    const flags = ["run", file, "--node", "hub-1", "--workers", String(options.workers), "--drain-seconds", "20"];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", COMMAND, ...flags], {
      env: { ...process.env, REDIS_URL: options.redisUrl, DRACHTIO_URL: "", MSS_LOG_LEVEL: "info" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const hub = new HubWorkers(options, child, directory);
    await waitUntil("all workers are up", () => hub.#isUp(), START_LIMIT_MS);
    return hub;
  }

  get host(): string {
    return `127.20.${this.#options.net}.1`;
  }

  /** What supervisor and workers have logged. */
  get log(): string {
    return this.#log;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** A page of the node's HTTP as JSON, and its status. */
  async page(name: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`http://${this.host}:${HTTP_PORT}/${name}`);
    return { status: response.status, body: await response.json() };
  }

  async workers(): Promise<readonly WorkerView[]> {
    const { body } = await this.page("health");
    assert.ok(typeof body === "object" && body !== null && "workers" in body && Array.isArray(body.workers));
    const workers: readonly WorkerView[] = body.workers;
    return workers;
  }

  /** One metric by worker, all its other labels added up. */
  async metric(name: string): Promise<ReadonlyMap<number, number>> {
    const text = await (await fetch(`http://${this.host}:${HTTP_PORT}/metrics`)).text();
    const sums = new Map<number, number>();
    for (const [, labels = "", value] of text.matchAll(new RegExp(`^${name}\\{(.*)\\} ([0-9.e+]+)$`, "gm"))) {
      const worker = Number(/worker="(\d+)"/.exec(labels)?.[1]);
      sums.set(worker, (sums.get(worker) ?? 0) + Number(value));
    }
    return sums;
  }

  /**
   * The last number of an address that the kernel gives to that worker, when it sends from port 5060: the hash differs
   * with each start of the machine, so it is tried out.
   */
  async addressAt(worker: number, from: number): Promise<number> {
    for (let last = from; last < from + 20; last += 1) {
      const before = (await this.metric("mss_sip_messages_total")).get(worker) ?? 0;
      await askOptions(`127.20.${this.#options.net}.${last}`, this.host);
      if (((await this.metric("mss_sip_messages_total")).get(worker) ?? 0) > before) {
        return last;
      }
    }
    throw new Error(`no address of twenty leads to worker ${worker}`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves with the exit status. */
  async ended(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGTERM");
      this.#child.kill("SIGTERM");
      await this.#exit;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  #isUp(): boolean {
    assert.equal(this.#child.exitCode, null, this.#log);
    return this.#log.includes("all workers are up");
  }
}

function documentOf({ federation, net }: HubWorkersOptions): string {
  return `
federation: ${federation}
demo: true
hubs:
  hub-1:
    sip: { listen: ["udp://127.20.${net}.1:${SIP_PORT}"] }
    http: { listen: "127.20.${net}.1:${HTTP_PORT}" }
branches:
  hk:
    name: hk
    numbers: ["1xxx"]
    sip: { listen: ["udp://127.20.${net}.2:${SIP_PORT}"] }
    trunk: { secret: trunk-hk-secret, maxCalls: 3 }
    extensions: { "1000": { secret: phone-1000 } }
  london:
    name: london
    numbers: ["4xxx"]
    sip: { listen: ["udp://127.20.${net}.3:${SIP_PORT}"] }
    trunk: { secret: trunk-london-secret }
    extensions: { "4000": { secret: phone-4000 } }
`;
}

/** OPTIONS from port 5060 of that address; resolves when it is answered. */
async function askOptions(host: string, hub: string): Promise<void> {
  const socket = createSocket("udp4");
  socket.bind(SIP_PORT, host);
  await once(socket, "listening");
  const branch = `z9hG4bK${randomBytes(6).toString("hex")}`;
  const lines = [
    `OPTIONS sip:${hub} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:${SIP_PORT};branch=${branch};rport`,
    `From: <sip:probe@${host}>;tag=${branch}`,
    `To: <sip:${hub}>`,
    `Call-ID: ${branch}`,
    "CSeq: 1 OPTIONS",
    "Max-Forwards: 70",
    "Content-Length: 0",
  ];
  socket.send(`${lines.join("\r\n")}\r\n\r\n`, SIP_PORT, hub);
  await once(socket, "message", { signal: AbortSignal.timeout(5_000) });
  socket.close();
  await once(socket, "close");
}
