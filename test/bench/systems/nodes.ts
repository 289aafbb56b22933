import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SipPhone } from "@mss/call-control/testing";
import type { Address } from "../core/places.ts";
import type { ProcessGroup } from "../core/processes.ts";

const MSS = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));
/** As packages/cli/bin/mss.mjs gives them. */
const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=16"];
const REDIS_PORT = 6_379;
const REGISTERED_SECONDS = 3_600;

export const HTTP_PORT = 8_080;

/** The keys of a node in a topology document: SIP over UDP, HTTP on request. */
export function nodeDocument(host: string, { http = false } = {}): object {
  return {
    sip: { listen: [`udp://${host}:5060`] },
    tls: { listen: false },
    ...(http && { http: { listen: `${host}:${HTTP_PORT}` } }),
  };
}

/** A Redis for the hubs; resolves with the environment that names it. */
export async function spawnRedis(processes: ProcessGroup, host: string): Promise<Readonly<Record<string, string>>> {
  processes.spawn("redis-server", ["--bind", host, "--port", String(REDIS_PORT), "--save", "", "--appendonly", "yes"]);
  await processes.untilListening(host, REDIS_PORT);
  return { REDIS_URL: `redis://${host}:${REDIS_PORT}` };
}

export interface NodeOptions {
  readonly node: string;
  /** The whole federation; JSON is YAML. */
  readonly document: object;
  /** Of the node's HTTP, which tells when it is up. */
  readonly host: string;
  readonly environment: Readonly<Record<string, string>>;
  /** For node, such as `--cpu-prof`. */
  readonly flags: readonly string[];
}

/** A node as `mss run` starts it, with its defaults; resolves when its HTTP listens, with its process id. */
export async function spawnNode(processes: ProcessGroup, options: NodeOptions): Promise<number> {
  const { node, document, host, environment, flags } = options;
  const file = path.join(processes.folder, "federation.yaml");
  await writeFile(file, JSON.stringify(document));
  const run = [MSS, "run", file, "--node", node, "--drain-seconds", "0"];
  const child = processes.spawn(process.execPath, [...NODE_FLAGS, ...flags, ...run], environment);
  await processes.untilListening(host, HTTP_PORT);
  return child.pid ?? 0;
}

/** Registers from the address at which SIPp will be later. */
export async function registerFrom(
  own: Address,
  account: { readonly username: string; readonly password: string },
  server: Address,
): Promise<void> {
  const phone = await SipPhone.open({ host: own.host, port: own.port, ...account, server });
  const { status } = await phone.register({
    headers: [
      { name: "Contact", value: `<${phone.contact}>` },
      { name: "Expires", value: String(REGISTERED_SECONDS) },
    ],
  });
  await phone.close();
  if (status !== 200) {
    throw new Error(`${server.host} answers ${status} to the registration of ${account.username}`);
  }
}

/** Says whether every trunk of a branch is up, by its health page. */
export async function trunkIsUp(host: string): Promise<boolean> {
  const response = await fetch(`http://${host}:${HTTP_PORT}/health`, { signal: AbortSignal.timeout(1_000) }).catch(
    () => undefined,
  );
  const report: unknown = await response?.json();
  return JSON.stringify(report ?? "").includes('"state":"up"');
}
