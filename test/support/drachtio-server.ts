import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export interface DrachtioServerOptions {
  /** Where it speaks SIP, one address for each transport. The first host, which must be an IP address, is also where applications connect. */
  readonly listen: readonly { readonly transport: string; readonly host: string; readonly port: number }[];
  /** RFC 3261 table 4; the usual values when absent. */
  readonly timers?: { readonly t1Ms: number; readonly t2Ms: number; readonly t4Ms: number };
  /** Whether it sends call records to applications. */
  readonly callRecords?: boolean;
}

/** A drachtio-server that was started for a test, and that the test stops. */
export interface DrachtioServer {
  /** Where applications connect. */
  readonly control: { readonly host: string; readonly port: number; readonly secret: string };
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

const READY = "Starting sofia event loop";
const START_LIMIT_MS = 10_000;
const DEFAULT_TIMERS = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };
const LIFETIME_T1S = 64;

/** The drachtio-server that tests run on; undefined: on the embedded engine. */
export function drachtioBinary(): string | undefined {
  const binary = process.env["DRACHTIO_BIN"] ?? "";
  return binary === "" ? undefined : binary;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** Starts a drachtio-server with a secret and a control port of its own; resolves when applications can connect. */
export async function startDrachtioServer(binary: string, options: DrachtioServerOptions): Promise<DrachtioServer> {
  const [first] = options.listen;
  if (first === undefined) {
    throw new Error("a drachtio-server needs a listen address");
  }
  const folder = await mkdtemp(path.join(tmpdir(), "mss-drachtio-"));
  const control = {
    host: first.host,
    port: await freePort(first.host),
    secret: randomBytes(16).toString("hex"),
  };
  const file = path.join(folder, "drachtio.conf.xml");
  await writeFile(file, configuration(options, control));
  // Nothing of its environment: DRACHTIO_… variables there would override the file.
  const child = spawn(binary, ["-f", file, ...argumentsOf(options, control)], {
    env: environment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.add(child);
  let log = "";
  const isReady = Promise.withResolvers<void>();
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
    if (log.includes(READY)) {
      isReady.resolve();
    }
  });
  const exited = exitOf(child);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL"); // what it holds is the test's; nothing of it must come out any more
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([isReady.promise, exited.then(() => fail("ended at its start", log)), tooLate(() => log)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { control, log: () => log, stop };
}

function fail(what: string, log: string): never {
  throw new Error(`drachtio-server ${what}:\n${log.slice(-2_000)}`);
}

async function tooLate(log: () => string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, START_LIMIT_MS).unref());
  return fail("was not ready in time", log());
}

/** Resolves when the process is gone, or never was. */
async function exitOf(child: ChildProcess): Promise<void> {
  await once(child, "exit").catch(() => undefined);
  running.delete(child);
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DRACHTIO_")));
}

function argumentsOf(
  { listen }: DrachtioServerOptions,
  { host, port, secret }: DrachtioServer["control"],
): readonly string[] {
  return [
    listen.flatMap((address) => ["--contact", `sip:${address.host}:${address.port};transport=${address.transport}`]),
    ["--address", host, "--port", String(port), "--secret", secret],
    ["--disable-nat-detection"], // a peer that is called at another port than it sends from is no NAT
    ["--loglevel", "info"], // at which it says when it is ready
  ].flat();
}

function configuration(
  { timers = DEFAULT_TIMERS, callRecords = false }: DrachtioServerOptions,
  { host, port, secret }: DrachtioServer["control"],
): string {
  const { t1Ms, t2Ms, t4Ms } = timers;
  return `<drachtio>
  <admin port="${port}" secret="${secret}">${host}</admin>
  <sip>
    <timers><t1>${t1Ms}</t1><t2>${t2Ms}</t2><t4>${t4Ms}</t4><t1x64>${LIFETIME_T1S * t1Ms}</t1x64></timers>
  </sip>
  <cdrs>${callRecords}</cdrs>
  <logging><console/><sofia-loglevel>3</sofia-loglevel><loglevel>info</loglevel></logging>
</drachtio>
`;
}
