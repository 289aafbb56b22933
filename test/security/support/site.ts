import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { startBranch } from "@mss/l-mss";
import type { RunningBranch, StartBranchOptions } from "@mss/l-mss";
import { branchIdSchema, extensionNumberSchema, hubIdSchema } from "@mss/model";
import type { BranchId, BranchSettings, FloodLimitSettings, HubSettings, LimitSettings } from "@mss/model";
import { createLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { FLOOD_LIMITS } from "@mss/sip-engine";
import { DEFAULT_LIMITS } from "@mss/sip-message";
import { startHub } from "@mss/t-mss";
import type { RunningHub } from "@mss/t-mss";
import { hashedSnapshot } from "@mss/topology";
import { Peer } from "../../support/peer/peer.ts";
import type { PeerTransport } from "../../support/peer/peer.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Phone } from "./phone.ts";

const HUB_ID = hubIdSchema.parse("hub-1");
export const HK = branchIdSchema.parse("hk");
export const LONDON = branchIdSchema.parse("london");
const MANY = { perSecond: 1_000_000, burst: 1_000_000 };
const PORT = 5060;

export interface SiteOptions {
  /** All addresses are in 127.21.<net>.x: hub .1, Hong Kong .2, London .3; each file has a number of its own. */
  readonly net: number;
  /** Limits of every node for floods; none when absent: what is tested is not how much an attacker may send. */
  readonly flood?: Partial<FloodLimitSettings>;
  readonly hub?: Partial<HubSettings>;
  readonly branch?: Partial<BranchSettings>;
  readonly branchOptions?: Partial<StartBranchOptions>;
}

export interface StrangerOptions {
  readonly node?: keyof Site["hosts"];
  readonly transport?: PeerTransport;
  /** In the place of an address of its own. */
  readonly host?: string;
}

/** A hub and two branches on real sockets, phones, and whoever is no friend of theirs. Stopped after the tests of its file. */
export interface Site {
  readonly hub: RunningHub;
  readonly hk: RunningBranch;
  readonly london: RunningBranch;
  readonly hosts: { readonly hub: string; readonly hk: string; readonly london: string };
  /** Lines that the nodes have logged, level debug. */
  readonly logged: readonly string[];
  /** A socket at an address of its own that sends to that node; of Hong Kong unless told otherwise. */
  stranger(options?: StrangerOptions): Promise<Peer>;
  /** The phone of an extension, registered: 1000 to 1009 at Hong Kong, 4000 to 4009 in London. */
  phone(number: string): Promise<Phone>;
  /** Fails unless a call between two phones that nobody attacks is connected as ever. */
  stillServes(): Promise<void>;
}

export function passwordOf(number: string): string {
  return `secret-of-${number}`;
}

export function trunkSecretOf(branch: BranchId): string {
  return `trunk-secret-of-${branch}`;
}

function limitsOf(flood: Partial<FloodLimitSettings> | undefined): LimitSettings {
  const without = { unknownSource: MANY, unknownSources: MANY, knownSource: MANY, failures: 1_000_000 };
  return {
    messages: DEFAULT_LIMITS,
    connections: {
      perAddress: 100,
      total: 10_000,
      dialled: 5_000,
      messageSeconds: 10,
      idleSeconds: 60,
      backlogBytes: 262_144,
      writeSeconds: 10,
      connectSeconds: 5,
      pingSeconds: 25,
      pongSeconds: 10,
      handshakesPerAddress: 50,
      handshakes: 1_000,
      handshakeSeconds: 5,
    },
    flood: { ...FLOOD_LIMITS, ...(flood ?? without) },
  };
}

function listenOn(host: string): BranchSettings["listen"] {
  return [
    { transport: "udp", host, port: PORT },
    { transport: "tcp", host, port: PORT },
  ];
}

function branchSettings(id: BranchId, { net, flood, branch }: SiteOptions, dataDirectory: string): BranchSettings {
  const [first, place] = id === HK ? ["1", 2] : ["4", 3];
  const numbers = Array.from({ length: 10 }, (_, index) => extensionNumberSchema.parse(`${first}00${index}`));
  return {
    id,
    name: id,
    federation: "acme",
    listen: listenOn(`127.21.${net}.${place}`),
    numbers: [`${first}xxx`],
    numbersElsewhere: [],
    extensions: new Map(numbers.map((number) => [number, { name: `Phone ${number}`, secret: passwordOf(number) }])),
    trunk: {
      secret: trunkSecretOf(id),
      hubs: [{ id: HUB_ID, addresses: [{ transport: "udp", host: `127.21.${net}.1`, port: PORT }] }],
    },
    registration: { minExpiresSeconds: 10, maxExpiresSeconds: 7200, defaultExpiresSeconds: 3600 },
    digestAlgorithms: ["SHA-256", "MD5"],
    maxContacts: 3,
    ringTimeoutMs: 20_000,
    dataDirectory,
    logLevel: "debug",
    limits: limitsOf(flood),
    ...branch,
  };
}

function hubSettings({ net, flood, hub }: SiteOptions): HubSettings {
  return {
    id: HUB_ID,
    federation: "acme",
    listen: listenOn(`127.21.${net}.1`),
    trunks: new Map([HK, LONDON].map((id) => [id, { secret: trunkSecretOf(id) }])),
    registration: { minExpiresSeconds: 10, maxExpiresSeconds: 3600, defaultExpiresSeconds: 60 },
    ringTimeoutMs: 20_000,
    logLevel: "debug",
    limits: limitsOf(flood),
    ...hub,
  };
}

/** A machine that has more to do than these tests is no hub that is away. */
const PATIENCE = {
  hubProbe: { timeoutMs: 20_000 },
  trunkTiming: { requestTimeoutMs: 20_000 },
  hubFirstResponseTimeoutMs: 20_000,
} as const satisfies Partial<StartBranchOptions>;

/** A log that goes to memory. */
function memoryLog(lines: string[]): Logger {
  return createLog({ level: "debug", destination: { write: (line: string) => void lines.push(line) } });
}

async function trunkUp(branch: RunningBranch): Promise<void> {
  await waitUntil("the trunk of a branch", () => branch.status().hubs.every(({ state }) => state === "up"));
}

export async function startSite(options: SiteOptions): Promise<Site> {
  const { net } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const logged: string[] = [];
  const log = memoryLog(logged);
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "mss-security-"));
  after(async () => {
    for (const close of closing.toReversed()) {
      await close();
    }
    await rm(dataDirectory, { recursive: true, force: true });
  });
  const engine = { kind: "embedded" } as const;
  const snapshot = hashedSnapshot({
    federation: "acme",
    hubs: [],
    branches: [
      { id: HK, name: "Hong Kong", numbers: ["1xxx"] },
      { id: LONDON, name: "London", numbers: ["4xxx"] },
    ],
  });
  const hub = await startHub({ settings: hubSettings(options), store: { kind: "memory" }, engine, log, snapshot });
  closing.push(() => hub.stop());
  const branchOf = async (id: BranchId): Promise<RunningBranch> => {
    const settings = branchSettings(id, options, dataDirectory);
    const branch = await startBranch({ settings, engine, log, ...PATIENCE, ...options.branchOptions });
    closing.push(() => branch.stop());
    await trunkUp(branch);
    return branch;
  };
  const hk = await branchOf(HK);
  const london = await branchOf(LONDON);
  const hosts = { hub: `127.21.${net}.1`, hk: `127.21.${net}.2`, london: `127.21.${net}.3` };
  let lastPlace = 9;
  const open = async ({ node = "hk", transport = "udp", host }: StrangerOptions): Promise<Peer> => {
    lastPlace += 1;
    const server = { host: hosts[node], port: PORT };
    const peer = await Peer.open(transport, host ?? `127.21.${net}.${lastPlace}`, server);
    closing.push(() => peer.close());
    return peer;
  };
  const phone = async (number: string): Promise<Phone> => {
    const peer = await open({ node: number.startsWith("1") ? "hk" : "london" });
    const registered = new Phone(peer, { username: number, password: passwordOf(number) });
    await registered.register();
    return registered;
  };
  const probes = [await phone("1008"), await phone("4008")] as const;
  return {
    hub,
    hk,
    london,
    hosts,
    logged,
    stranger: (asked = {}) => open(asked),
    phone,
    stillServes: async () => {
      const call = await probes[0].call(probes[1]);
      await call.hangUp();
    },
  };
}
