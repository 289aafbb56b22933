import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import { MAX_CONTACTS_PER_EXTENSION, extensionNumberSchema } from "@mss/model";
import type { BranchId, BranchSettings, CallRecord } from "@mss/model";
import { createLog, silentLog, withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { startBranch } from "@mss/l-mss";
import type { RunningBranch } from "@mss/l-mss";
import { startHub } from "@mss/t-mss";
import type { RunningHub, StartHubOptions } from "@mss/t-mss";
import { HK, HUB_ID, LONDON, hubSettings, snapshotOf, trunkSecretOf } from "./settings.ts";

/** The nodes of one test in a /24 of 127.17: hub .1, hk .2, london .3, paris .4 if asked for, phones as the test says. */
export interface Federation {
  readonly net: string;
  readonly hub: RunningHub;
  readonly hk: RunningBranch;
  readonly london: RunningBranch;
  /** Records of all nodes, as they are written. */
  readonly records: readonly CallRecord[];
  /** Resolves when that node has written a record. */
  recordOf(node: string): Promise<CallRecord>;
}

export interface FederationOptions {
  readonly subnet: number;
  readonly hub?: Partial<StartHubOptions>;
  readonly branches?: Partial<Record<string, Partial<BranchSettings>>>;
  /** Of every node. */
  readonly limits?: NonNullable<StartHubOptions["limits"]>;
}

const LIMIT_MS = 8_000;

const running = new WeakMap<TestContext, (() => Promise<void>)[]>();

/** Stops after the test what was started last first: a branch takes its registration back while its hub is there. */
function stopAfter(t: TestContext, stop: () => Promise<void>): void {
  const known = running.get(t);
  if (known !== undefined) {
    known.push(stop);
    return;
  }
  const stops = [stop];
  running.set(t, stops);
  t.after(async () => {
    for (const each of stops.toReversed()) {
      await each();
    }
  });
}

export function testLog(): Logger {
  return process.env["MSS_TEST_LOG"] === undefined ? silentLog() : createLog({ level: "debug" });
}

export function passwordOf(number: string): string {
  return `secret-${number}`;
}

export function branchSettings(id: BranchId, net: string, overrides: Partial<BranchSettings> = {}): BranchSettings {
  const [first, place] = id === HK ? ["1", 2] : id === LONDON ? ["4", 3] : ["5", 4];
  const extensions = new Map(
    ["000", "001", "002"].map((rest) => {
      const number = extensionNumberSchema.parse(first + rest);
      return [number, { name: `Phone ${number}`, secret: passwordOf(number) }];
    }),
  );
  return {
    id,
    name: id,
    federation: "acme",
    listen: [{ transport: "udp", host: `${net}.${place}`, port: 5060 }],
    numbers: [`${first}xxx`],
    numbersElsewhere: [],
    extensions,
    trunk: {
      secret: trunkSecretOf(id),
      hubs: [{ id: HUB_ID, addresses: [{ transport: "udp", host: `${net}.1`, port: 5060 }] }],
    },
    registration: { minExpiresSeconds: 60, maxExpiresSeconds: 7200, defaultExpiresSeconds: 3600 },
    digestAlgorithms: ["SHA-256", "MD5"],
    maxContacts: MAX_CONTACTS_PER_EXTENSION,
    ringTimeoutMs: 5_000,
    dataDirectory: "",
    logLevel: "info",
    ...overrides,
  };
}

/** Resolves when the branch can send calls to a hub. */
export async function trunkUp(branch: RunningBranch): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = (): void => {
    if (branch.status().hubs.some(({ state }) => state === "up")) {
      resolve();
    }
  };
  const off = branch.on("hub", check);
  check();
  await withDeadline(promise, LIMIT_MS, "trunk of a branch");
  off();
}

export async function runBranch(
  t: TestContext,
  settings: BranchSettings,
  onRecord: (record: CallRecord) => void = () => undefined,
  { log = testLog(), limits }: Pick<FederationOptions, "limits"> & { readonly log?: Logger } = {},
): Promise<RunningBranch> {
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "mss-federation-"));
  const branch = await startBranch({
    settings: { ...settings, dataDirectory },
    engine: { kind: "embedded" },
    log,
    onRecord,
    trunkTiming: { minRetryMs: 50, maxRetryMs: 200 },
    ...(limits === undefined ? {} : { limits }),
  });
  stopAfter(t, async () => {
    await branch.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  });
  return branch;
}

export async function runHub(
  t: TestContext,
  options: Partial<StartHubOptions> & Pick<StartHubOptions, "settings">,
): Promise<RunningHub> {
  const hub = await startHub({
    store: { kind: "memory" },
    engine: { kind: "embedded" },
    log: testLog(),
    snapshot: snapshotOf(),
    ...options,
  });
  stopAfter(t, () => hub.stop());
  return hub;
}

export async function startFederation(t: TestContext, options: FederationOptions): Promise<Federation> {
  const net = `127.17.${options.subnet}`;
  const records: CallRecord[] = [];
  const waiting = new Map<string, ((record: CallRecord) => void)[]>();
  const onRecord = (record: CallRecord): void => {
    records.push(record);
    waiting.get(record.node)?.shift()?.(record);
  };
  const limited = options.limits === undefined ? {} : { limits: options.limits };
  const hub = await runHub(t, { settings: hubSettings(`${net}.1`), onRecord, ...limited, ...options.hub });
  const [hk, london] = await Promise.all(
    [HK, LONDON].map((id) => runBranch(t, branchSettings(id, net, options.branches?.[id]), onRecord, limited)),
  );
  if (hk === undefined || london === undefined) {
    throw new Error("two branches were started");
  }
  await Promise.all([trunkUp(hk), trunkUp(london)]);
  return {
    net,
    hub,
    hk,
    london,
    records,
    recordOf(node) {
      const known = records.find((record) => record.node === node);
      const { promise, resolve } = Promise.withResolvers<CallRecord>();
      if (known === undefined) {
        waiting.set(node, [...(waiting.get(node) ?? []), resolve]);
      } else {
        resolve(known);
      }
      return withDeadline(promise, LIMIT_MS, `call record of ${node}`);
    },
  };
}

/** A phone at its branch: 1xxx at hk, 4xxx at london, 5xxx at paris. `place` is the last part of its address. */
export async function openPhone(t: TestContext, net: string, number: string, place: number): Promise<SipPhone> {
  const branch = { 1: 2, 4: 3, 5: 4 }[number.slice(0, 1)] ?? 0;
  const server = { host: `${net}.${branch}`, port: 5060 };
  const phone = await SipPhone.open({
    username: number,
    password: passwordOf(number),
    host: `${net}.${place}`,
    server,
  });
  t.after(() => phone.close());
  return phone;
}
