import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startBranch } from "@mss/l-mss";
import type { RunningBranch } from "@mss/l-mss";
import { MAX_CONTACTS_PER_EXTENSION, branchIdSchema, extensionNumberSchema, hubIdSchema } from "@mss/model";
import type { BranchId, BranchSettings, CallRecord, HubSettings, Snapshot, TransportAddress } from "@mss/model";
import { createLog, silentLog } from "@mss/runtime";
import type { LogLevel, Logger } from "@mss/runtime";
import { connectRedis, openBranchStore } from "@mss/store";
import { startHub } from "@mss/t-mss";
import type { EngineChoice, RunningHub, StoreChoice } from "@mss/t-mss";
import { drachtioBinary, startDrachtioServer } from "./drachtio-server.ts";
import type { DrachtioServer } from "./drachtio-server.ts";
import { hashedSnapshot } from "@mss/topology";
import { waitUntil } from "./wait-until.ts";

export const HK = branchIdSchema.parse("hk");
export const LONDON = branchIdSchema.parse("london");
const HUB = hubIdSchema.parse("hub-1");

/** First extension of each branch; ten of them have a phone's secret. */
const FIRST_EXTENSION: Readonly<Record<string, number>> = { [HK]: 1000, [LONDON]: 4000 };
const EXTENSIONS_PER_BRANCH = 10;
const REGISTRATION = { minExpiresSeconds: 10, maxExpiresSeconds: 3600, defaultExpiresSeconds: 600 };
const RING_TIMEOUT_MS = 20_000;

export interface FederationOptions {
  /** All addresses are in 127.20.<net>.x; each test file has a number of its own, so that files can run together. */
  readonly net: number;
  readonly store: StoreChoice;
  /** How long phones ring; 20 s when absent. */
  readonly ringTimeoutMs?: number;
  /** Where the hub serves health and metrics; not at all when absent. */
  readonly http?: { readonly host: string; readonly port: number };
  /** The hub is a process that the test has started: the federation's name there, and last numbers of the branches' addresses. */
  readonly hubElsewhere?: { readonly name: string; readonly hk: number; readonly london: number };
}

/** One phone as the tests speak of it: a number at a branch, and an own loopback address. */
export interface Phone {
  readonly number: string;
  readonly password: string;
  readonly address: string;
  /** Address of its branch. */
  readonly branch: string;
}

/**
 * A hub and two branches, Hong Kong (1xxx) and London (4xxx), in this process: on the embedded engine, or with
 * DRACHTIO_BIN each on a drachtio-server of its own.
 */
export interface Federation {
  /** As its store knows it. */
  readonly name: string;
  readonly hub: RunningHub;
  branch(id: BranchId): RunningBranch;
  /** The phone with that extension; `place` tells several phones of one number apart. */
  phone(number: string, place?: number): Phone;
  stopBranch(id: BranchId): Promise<void>;
  /** Starts a stopped branch again with the data it left; resolves when its trunk is up. */
  startBranch(id: BranchId): Promise<void>;
  stopHub(): Promise<void>;
  /** What the hub has recorded, oldest first. With a store in Redis only. */
  hubRecords(): Promise<readonly CallRecord[]>;
  /** What a branch has recorded, oldest first. */
  branchRecords(id: BranchId): Promise<readonly CallRecord[]>;
  stop(): Promise<void>;
}

/** Log of the nodes: nothing, or by MSS_TEST_LOG=debug everything, to standard error. */
function testLog(): Logger {
  const level = process.env["MSS_TEST_LOG"];
  const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];
  const chosen = levels.find((name) => name === level);
  return chosen === undefined ? silentLog() : createLog({ level: chosen });
}

let federations = 0;

export async function startFederation(options: FederationOptions): Promise<Federation> {
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "mss-e2e-"));
  federations += 1;
  // The name is part of every key in Redis: one federation of the tests never sees another.
  const name = options.hubElsewhere?.name ?? `e2e-${options.net}-${process.pid}-${federations}`;
  const federation = new TestFederation(options, name, dataDirectory);
  try {
    await federation.start();
  } catch (error) {
    await federation.stop();
    throw error;
  }
  return federation;
}

class TestFederation implements Federation {
  readonly #options: FederationOptions;
  readonly #name: string;
  readonly #dataDirectory: string;
  readonly #log = testLog();
  readonly #branches = new Map<BranchId, RunningBranch>();
  readonly #servers = new Map<BranchId | "hub", DrachtioServer>();
  #hub: RunningHub | undefined;

  constructor(options: FederationOptions, name: string, dataDirectory: string) {
    this.#options = options;
    this.#name = name;
    this.#dataDirectory = dataDirectory;
  }

  get name(): string {
    return this.#name;
  }

  get hub(): RunningHub {
    return present(this.#hub, "the hub is stopped");
  }

  branch(id: BranchId): RunningBranch {
    return present(this.#branches.get(id), `${id} is stopped`);
  }

  phone(number: string, place = 0): Phone {
    const id = number.startsWith("1") ? HK : LONDON;
    const inBranch = Number(number) - (FIRST_EXTENSION[id] ?? 0);
    const host = (id === HK ? 50 : 150) + inBranch * MAX_CONTACTS_PER_EXTENSION + place;
    return { number, password: secretOf(number), address: this.#address(host), branch: this.#listen(id).host };
  }

  async start(): Promise<void> {
    if (this.#options.hubElsewhere === undefined) {
      this.#hub = await startHub({
        settings: this.#hubSettings(),
        store: this.#options.store,
        engine: await this.#engine("hub"),
        log: this.#log,
        snapshot: this.#snapshot(),
      });
    }
    await Promise.all([this.startBranch(HK), this.startBranch(LONDON)]);
  }

  async startBranch(id: BranchId): Promise<void> {
    const branch = await startBranch({
      settings: this.#branchSettings(id),
      engine: await this.#engine(id),
      log: this.#log,
      trunkTiming: { minRetryMs: 100, maxRetryMs: 500 },
    });
    this.#branches.set(id, branch);
    await waitUntil(`the trunk of ${id} is up`, () => branch.status().hubs.every(({ state }) => state === "up"));
  }

  async stopBranch(id: BranchId): Promise<void> {
    await this.#branches.get(id)?.stop();
    this.#branches.delete(id);
    await this.#stopServer(id);
  }

  async stopHub(): Promise<void> {
    await this.#hub?.stop();
    this.#hub = undefined;
    await this.#stopServer("hub");
  }

  async hubRecords(): Promise<readonly CallRecord[]> {
    const { store } = this.#options;
    if (store.kind === "memory") {
      throw new Error("the records of a hub without Redis are its own");
    }
    const stores = connectRedis({ url: store.url, federation: this.#name, log: silentLog() });
    await stores.start();
    try {
      return await stores.callRecords.latest(1_000);
    } finally {
      await stores.stop();
    }
  }

  async branchRecords(id: BranchId): Promise<readonly CallRecord[]> {
    const file = path.join(this.#branchSettings(id).dataDirectory, `${id}.sqlite`);
    const store = openBranchStore({ file, log: silentLog() });
    await store.start();
    try {
      return await store.callRecords.latest(1_000);
    } finally {
      await store.stop();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#branches.keys()].map((id) => this.stopBranch(id)));
    await this.stopHub();
    await rm(this.#dataDirectory, { recursive: true, force: true });
  }

  async #engine(node: BranchId | "hub"): Promise<EngineChoice> {
    const binary = drachtioBinary();
    if (binary === undefined) {
      return { kind: "embedded" };
    }
    const server = await startDrachtioServer(binary, { listen: [this.#listen(node)] });
    this.#servers.set(node, server);
    return { kind: "drachtio", ...server.control };
  }

  async #stopServer(node: BranchId | "hub"): Promise<void> {
    await this.#servers.get(node)?.stop();
    this.#servers.delete(node);
  }

  #address(host: number): string {
    return `127.20.${this.#options.net}.${host}`;
  }

  #listen(node: BranchId | "hub"): TransportAddress {
    const { hk = 2, london = 3 } = this.#options.hubElsewhere ?? {};
    const host = node === "hub" ? 1 : node === HK ? hk : london;
    return { transport: "udp", host: this.#address(host), port: 5060 };
  }

  #hubSettings(): HubSettings {
    return {
      id: HUB,
      federation: this.#name,
      listen: [this.#listen("hub")],
      ...(this.#options.http === undefined ? {} : { http: this.#options.http }),
      trunks: new Map([HK, LONDON].map((id) => [id, { secret: trunkSecretOf(id), address: this.#listen(id).host }])),
      registration: REGISTRATION,
      ringTimeoutMs: 60_000,
      logLevel: "info",
    };
  }

  #branchSettings(id: BranchId): BranchSettings {
    const first = FIRST_EXTENSION[id] ?? 0;
    const numbers = Array.from({ length: EXTENSIONS_PER_BRANCH }, (_, index) => String(first + index));
    return {
      id,
      name: id,
      federation: this.#name,
      listen: [this.#listen(id)],
      numbers: numbersOf(id),
      numbersElsewhere: [],
      extensions: new Map(
        numbers.map((number) => [extensionNumberSchema.parse(number), { secret: secretOf(number) }] as const),
      ),
      trunk: { secret: trunkSecretOf(id), hubs: [{ id: HUB, addresses: [this.#listen("hub")] }] },
      registration: REGISTRATION,
      digestAlgorithms: ["MD5"], // SIPp 3.6 gives up when the first challenge is SHA-256
      maxContacts: MAX_CONTACTS_PER_EXTENSION,
      ringTimeoutMs: this.#options.ringTimeoutMs ?? RING_TIMEOUT_MS,
      dataDirectory: path.join(this.#dataDirectory, id),
      logLevel: "info",
    };
  }

  #snapshot(): Snapshot {
    return hashedSnapshot({
      federation: this.#name,
      hubs: [{ id: HUB, listen: [this.#listen("hub")] }],
      branches: [HK, LONDON].map((id) => ({ id, name: id, numbers: numbersOf(id) })),
    });
  }
}

function numbersOf(id: BranchId): readonly string[] {
  return [id === HK ? "1xxx" : "4xxx"];
}

function secretOf(number: string): string {
  return `phone-${number}`;
}

function trunkSecretOf(id: BranchId): string {
  return `trunk-${id}-secret`;
}

function present<Value>(value: Value | undefined, otherwise: string): Value {
  if (value === undefined) {
    throw new Error(otherwise);
  }
  return value;
}
