import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processorMs, residentBytes, treeOf } from "./processor-time.ts";

const START_LIMIT_MS = 180_000; // a hub of 2,000 branches reads its topology before it listens
const STOP_LIMIT_MS = 5_000;
const POLL_MS = 50;
const LAST_WORDS = 2_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(130)); // what is still running is ended with us
}

/** Nothing that a benchmark has started outlives it. */
export function endWithUs(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.once("error", () => running.delete(child)); // not found: whoever waits for it says so
}

interface Member {
  readonly child: ChildProcess;
  readonly log: string;
}

/** The processes of one system under test, with all that they start, and a folder that is gone with them. */
export class ProcessGroup {
  readonly folder: string;
  readonly #members: Member[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<ProcessGroup> {
    return new ProcessGroup(await mkdtemp(path.join(tmpdir(), "mss-bench-")));
  }

  /** What it prints goes to a file, as with systemd it would go to the journal. */
  spawn(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const log = path.join(this.folder, `${this.#members.length}.log`);
    const descriptor = openSync(log, "a");
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", descriptor, descriptor],
    });
    closeSync(descriptor);
    endWithUs(child);
    this.#members.push({ child, log });
    return child;
  }

  /** Resolves when it is true. Rejects with the last words of a process that has ended, or after three minutes; all are stopped then. */
  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const limit = performance.now() + START_LIMIT_MS;
    while (!(await isTrue())) {
      const ended = this.#members.find(({ child }) => child.exitCode !== null || child.pid === undefined);
      if (ended !== undefined || performance.now() > limit) {
        const words = await Promise.all(this.#members.map(({ log }) => readFile(log, "utf8").catch(() => "")));
        await this.stop(); // nobody else will, and the next benchmark has the same addresses
        throw new Error(`${what}: not in time. ${words.map((text) => text.slice(-LAST_WORDS)).join("\n")}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Resolves when somebody accepts TCP connections there. */
  untilListening(host: string, port: number): Promise<void> {
    return this.until(`${host}:${port} listens`, async () => {
      const socket = connect(port, host);
      const isOpen = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      socket.destroy();
      return isOpen;
    });
  }

  /** User and system time of all of them so far, in milliseconds. */
  async cpuMs(): Promise<number> {
    return sum(await Promise.all((await this.#pids()).map(processorMs)));
  }

  async memoryBytes(): Promise<number> {
    return sum(await Promise.all((await this.#pids()).map(residentBytes)));
  }

  async stop(): Promise<void> {
    for (const { child } of this.#members.toReversed()) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGTERM");
        const abandon = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
        await gone;
        clearTimeout(abandon);
      }
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #pids(): Promise<readonly number[]> {
    return (await Promise.all(this.#members.map(({ child }) => treeOf(child.pid ?? 0)))).flat();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
