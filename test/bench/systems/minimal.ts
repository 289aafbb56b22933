import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isBound } from "../../support/udp-sockets.ts";
import { addressOf, pairOf } from "../core/places.ts";
import { ProcessGroup } from "../core/processes.ts";
import { NO_CREDENTIALS } from "../core/system.ts";
import type { System } from "../core/system.ts";

export const CONTROL_PORT = 9_022;
export const SECRET = "benchmark";
const NODE_FLAGS = ["--disable-warning=ExperimentalWarning"];
const EMBEDDED_SUBNET = 3;
const DRACHTIO_SUBNET = 2;

function application(name: string): string {
  return fileURLToPath(new URL(`../../../packages/sip-engine/bench/applications/${name}`, import.meta.url));
}

/** Where the minimal B2BUA calls: `*` stands for the second digit of the called number, which is the pair. */
function target(subnet: number): string {
  const { host, port } = pairOf(subnet, 0).callee;
  return `sip:callee@${host.slice(0, -1)}*:${port}`;
}

/** A drachtio-server on the address of its subnet. What it logs costs it time, so it logs the least it can. */
export async function spawnDrachtio(processes: ProcessGroup, binary: string, subnet: number): Promise<void> {
  const { host, port } = addressOf(subnet, 1);
  const file = path.join(processes.folder, "drachtio.conf.xml");
  await writeFile(
    file,
    `<drachtio>
  <admin port="${CONTROL_PORT}" secret="${SECRET}">${host}</admin>
  <sip><contacts><contact>sip:${host}:${port};transport=udp</contact></contacts></sip>
  <logging><console/><loglevel>error</loglevel></logging>
</drachtio>
`,
  );
  processes.spawn(binary, ["-f", file]);
  await processes.untilListening(host, CONTROL_PORT);
}

/** A drachtio-server binary, and the minimal B2BUA on an unmodified drachtio-srf in a process of its own. */
export function minimalOnDrachtio(binary: string): System {
  return {
    name: "drachtio",
    what: "drachtio-server and a B2BUA of 15 lines on drachtio-srf, two processes",
    subnet: DRACHTIO_SUBNET,
    async start() {
      const processes = await ProcessGroup.create();
      await spawnDrachtio(processes, binary, DRACHTIO_SUBNET);
      const { host } = addressOf(DRACHTIO_SUBNET, 1);
      const args = [host, String(CONTROL_PORT), SECRET, target(DRACHTIO_SUBNET)];
      processes.spawn(process.execPath, [...NODE_FLAGS, application("application.ts"), ...args]);
      return { processes, headersFor: () => Promise.resolve(NO_CREDENTIALS) };
    },
  };
}

/** The embedded engine and the minimal B2BUA in one process and one thread. `flags` are for node, such as `--cpu-prof`. */
export function minimalEmbedded(flags: readonly string[]): System {
  return {
    name: "minimal",
    what: "the embedded engine and the same B2BUA of 15 lines, one process",
    subnet: EMBEDDED_SUBNET,
    async start() {
      const processes = await ProcessGroup.create();
      const { host, port } = addressOf(EMBEDDED_SUBNET, 1);
      const args = [...NODE_FLAGS, ...flags, application("embedded.ts"), host, target(EMBEDDED_SUBNET)];
      processes.spawn(process.execPath, args);
      await processes.until("the embedded engine", () => isBound(host, port));
      return { processes, headersFor: () => Promise.resolve(NO_CREDENTIALS) };
    },
  };
}
