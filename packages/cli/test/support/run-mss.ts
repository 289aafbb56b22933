import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../bin/mss.mjs", import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunningMss {
  readonly child: ChildProcess;
  /** Resolves when what was written so far on either stream matches. */
  wrote(pattern: RegExp): Promise<void>;
  readonly finished: Promise<Finished>;
}

/** Starts the command as a user does, from the top folder. */
export function startMss(args: readonly string[], environment: Record<string, string> = {}): RunningMss {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    cwd: ROOT,
    env: { ...process.env, REDIS_URL: "", DRACHTIO_URL: "", MSS_LOG_LEVEL: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const watchers = new Set<() => void>();
  const told = (): void => watchers.forEach((watch) => watch());
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    told();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    told();
  });
  const finished = once(child, "close").then(() => ({ status: child.exitCode, out, err }));
  return {
    child,
    finished,
    wrote(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const watch = (): void => {
        if (pattern.test(out) || pattern.test(err)) {
          resolve();
        }
      };
      watchers.add(watch);
      watch();
      void finished.then(() => reject(new Error(`ended without writing ${pattern}:\n${out}\n${err}`)));
      return promise;
    },
  };
}

export function runMss(args: readonly string[], environment?: Record<string, string>): Promise<Finished> {
  return startMss(args, environment).finished;
}
