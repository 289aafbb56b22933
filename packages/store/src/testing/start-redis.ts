import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CodedError, hasCode } from "@mss/runtime";

export interface StartRedisOptions {
  readonly password?: string;
  /** Further arguments of redis-server, such as `["--cluster-enabled", "yes"]`. */
  readonly args?: readonly string[];
}

/** A real redis-server of its own, on loopback, with its files in a temporary folder. Every write is on disk at once. */
export interface RedisServer {
  /** With the password, if there is one. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** SIGKILL, as a crash would; resolves when the process is gone. */
  kill(): Promise<void>;
  /** After `kill`: the same port and data again. Resolves when it accepts connections. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing is answered. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Ends the process and removes its files. Idempotent. */
  stop(): Promise<void>;
}

type RedisProcess = ChildProcessByStdio<null, Readable, null>;

const HOST = "127.0.0.1";
const READY = "Ready to accept connections";
const PORT_ATTEMPTS = 5;

/**
 * Starts redis-server and resolves when it accepts connections. Rejects with `REDIS_SERVER_MISSING` when there is no such
 * program, with `REDIS_SERVER_FAILED` and its last words when it ends instead.
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "mss-redis-"));
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const args = serverArguments(port, folder, options);
    try {
      return redisServer({ child: await launch(args), args, port, folder, password: options.password });
    } catch (error) {
      // Somebody may have taken the port between the look and the start.
      if (attempt === PORT_ATTEMPTS || !hasCode(error, "REDIS_SERVER_FAILED")) {
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    }
  }
}

function serverArguments(port: number, folder: string, options: StartRedisOptions): string[] {
  const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
  const password = options.password === undefined ? [] : ["--requirepass", options.password];
  const place = ["--port", String(port), "--bind", HOST, "--dir", folder, "--daemonize", "no"];
  return [...place, ...durable, ...password, ...(options.args ?? [])];
}

interface Running {
  readonly child: RedisProcess;
  readonly args: readonly string[];
  readonly port: number;
  readonly folder: string;
  readonly password: string | undefined;
}

function redisServer(running: Running): RedisServer {
  let { child } = running;
  const login = running.password === undefined ? "" : `:${encodeURIComponent(running.password)}@`;
  return {
    url: `redis://${login}${HOST}:${running.port}`,
    host: HOST,
    port: running.port,
    kill: () => end(child, "SIGKILL"),
    async restart() {
      child = await launch(running.args);
    },
    freeze() {
      child.kill("SIGSTOP");
    },
    thaw() {
      child.kill("SIGCONT");
    },
    async stop() {
      await end(child, "SIGKILL");
      await rm(running.folder, { recursive: true, force: true });
    },
  };
}

async function launch(args: readonly string[]): Promise<RedisProcess> {
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
  const killChild = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", killChild); // a test run that is cut off leaves no server behind
  child.once("exit", () => process.off("exit", killChild));
  const lines = createInterface(child.stdout);
  const { promise, resolve, reject } = Promise.withResolvers<RedisProcess>();
  const lastWords: string[] = [];
  lines.on("line", (line) => {
    lastWords.push(line);
    lastWords.splice(0, lastWords.length - 5);
    if (line.includes(READY)) {
      resolve(child);
    }
  });
  child.once("error", (cause) => {
    process.off("exit", killChild);
    const message = "redis-server cannot be started; on Debian: apt-get install redis-server";
    reject(new CodedError("REDIS_SERVER_MISSING", message, {}, { cause }));
  });
  child.once("close", (exitCode) => {
    reject(new CodedError("REDIS_SERVER_FAILED", "redis-server ended before it was ready", { exitCode, lastWords }));
  });
  return promise;
}

async function end(child: RedisProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new CodedError("REDIS_SERVER_FAILED", "no free port on loopback");
  }
  return address.port;
}
