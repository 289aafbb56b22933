import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CodedError, hasCode } from "@mss/runtime";

export type RedisProcess = ChildProcessByStdio<null, Readable, null>;

export const HOST = "127.0.0.1";
const PORT_ATTEMPTS = 5;
const LAST_WORDS = 5;

/**
 * Starts redis-server and resolves when it has written `ready`. Rejects with `REDIS_SERVER_MISSING` when there is no such
 * program, with `REDIS_SERVER_FAILED` and its last words when it ends instead.
 */
export async function launchRedis(args: readonly string[], ready: string): Promise<RedisProcess> {
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
    lastWords.splice(0, lastWords.length - LAST_WORDS);
    if (line.includes(ready)) {
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

/** Resolves when the process is gone. */
export async function endRedis(child: RedisProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Runs `start` with free ports, and with others when somebody took one between the look and the start. */
export async function withFreePorts<Result>(
  count: number,
  start: (ports: readonly number[]) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts(count);
    try {
      return await start(ports);
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !hasCode(error, "REDIS_SERVER_FAILED")) {
        throw error;
      }
    }
  }
}

/** All at once, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => {
      server.listen(0, HOST);
      return once(server, "listening");
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, "close");
    }),
  );
  return ports;
}
