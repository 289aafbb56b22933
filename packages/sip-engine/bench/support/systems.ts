import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { CALLEE, DRACHTIO, EMBEDDED } from "./addresses.ts";
import { processorMs } from "./processor-time.ts";

const CONTROL_PORT = 9_122;
const SECRET = "benchmark";
const TARGET = `sip:callee@${CALLEE.host}:${CALLEE.port}`;
const START_LIMIT_MS = 10_000;
const POLL_MS = 50;
/** What it logs costs a drachtio-server time, so it logs the least it can. */
const CONFIGURATION = `<drachtio>
  <admin port="${CONTROL_PORT}" secret="${SECRET}">127.0.0.1</admin>
  <sip><contacts><contact>sip:${DRACHTIO.host}:${DRACHTIO.port};transport=udp</contact></contacts></sip>
  <logging><console/><loglevel>error</loglevel></logging>
</drachtio>
`;

/** A system under test that is up: what stands between caller and callee. */
export interface RunningSystem {
  /** User and system time of each of its processes so far, in milliseconds. */
  cpuMs(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

/** One way to run the same application. */
export interface System {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  start(): Promise<RunningSystem>;
}

function file(name: string): string {
  return fileURLToPath(new URL(`../applications/${name}`, import.meta.url));
}

function running(children: readonly ChildProcess[]): RunningSystem {
  return {
    cpuMs: () => Promise.all(children.map(({ pid = 0 }) => processorMs(pid))),
    async stop() {
      for (const child of children.toReversed()) {
        if (child.exitCode === null && child.signalCode === null) {
          const gone = once(child, "exit");
          child.kill("SIGTERM");
          const abandon = setTimeout(() => child.kill("SIGKILL"), 3_000);
          await gone;
          clearTimeout(abandon);
        }
      }
    },
  };
}

async function forkReady(name: string, args: readonly string[], flags: readonly string[]): Promise<ChildProcess> {
  const child = fork(file(name), args, { execArgv: ["--disable-warning=ExperimentalWarning", ...flags] });
  await once(child, "message", { signal: AbortSignal.timeout(START_LIMIT_MS) });
  return child;
}

async function untilListening(port: number): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen || performance.now() > limit) {
      return;
    }
    await sleep(POLL_MS);
  }
}

/** Engine and application in one process. `flags` are for node, such as `--cpu-prof`. */
export function embedded(flags: readonly string[] = []): System {
  return {
    name: "embedded",
    address: EMBEDDED,
    start: async () => running([await forkReady("embedded.ts", [TARGET], flags)]),
  };
}

/** A drachtio-server binary, and the application in a process of its own. */
export function drachtioServer(binary: string): System {
  return {
    name: "drachtio-server",
    address: DRACHTIO,
    async start() {
      const folder = await mkdtemp(path.join(tmpdir(), "mss-bench-"));
      const configuration = path.join(folder, "drachtio.conf.xml");
      await writeFile(configuration, CONFIGURATION);
      const server = spawn(binary, ["-f", configuration], { stdio: "ignore" });
      server.once("exit", () => void rm(folder, { recursive: true, force: true }));
      await untilListening(CONTROL_PORT);
      const application = await forkReady("application.ts", [String(CONTROL_PORT), SECRET, TARGET], []);
      return running([server, application]);
    },
  };
}
