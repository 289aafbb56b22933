import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { isBound } from "../support/udp-sockets.ts";
import { waitUntil } from "../support/wait-until.ts";
import { PHONE_SECRET } from "./federation.ts";

const HERE = import.meta.dirname;
const SIP_PORT = 5060;
/** A call that is under way when the load ends may take as long as its slowest timer. */
const LONGEST_CALL_MS = 40_000;

/** One call as its phones saw it. Times are in milliseconds of `performance.now()`. */
export interface LoadCall {
  readonly name: string;
  readonly offeredAt: number;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  /** What else became of it: `refused-503`, `silent`, `lost` (its BYE was not answered); absent for one that ended well. */
  readonly failure?: string;
  readonly failedAt?: number;
  /** How often a callee was asked. */
  readonly rings: number;
  /** Callees that were left in the call when its caller was gone. */
  readonly ghosts: number;
}

export interface LoadOptions {
  readonly folder: string;
  readonly name: string;
  readonly caller: LoadPhone;
  readonly callee: LoadPhone;
  readonly callsPerSecond: number;
  readonly ringMs: number;
  readonly talkMs: number;
}

export interface LoadPhone {
  readonly number: string;
  readonly address: string;
  /** Address of its branch. */
  readonly branch: string;
  /** That of the phones of this folder when absent. */
  readonly secret?: string;
}

/** SIPp calling and SIPp answering, until it is told to stop. */
export class Load {
  readonly #options: LoadOptions;
  readonly #caller: SippProcess;
  readonly #callee: SippProcess;

  private constructor(options: LoadOptions, caller: SippProcess, callee: SippProcess) {
    this.#options = options;
    this.#caller = caller;
    this.#callee = callee;
  }

  static async start(options: LoadOptions): Promise<Load> {
    const { name, caller, callee, callsPerSecond, ringMs, talkMs } = options;
    const folder = path.join(options.folder, name);
    await mkdir(folder, { recursive: true });
    await register(folder, callee);
    const answering = startSipp(folder, "callee", callee, ["-s", callee.number, "-d", String(ringMs)]);
    await waitUntil(`${name}: the callee waits`, () => isBound(callee.address, SIP_PORT));
    const rate = ["-r", String(callsPerSecond), "-rp", "1000", "-l", "100000", "-d", String(talkMs)];
    const target = [`${caller.branch}:${SIP_PORT}`, "-s", callee.number, "-key", "caller", caller.number];
    const digestUri = `${callee.number}@${caller.branch}:${SIP_PORT}`;
    const digest = ["-au", caller.number, "-ap", caller.secret ?? PHONE_SECRET, "-auth_uri", digestUri];
    const calling = startSipp(folder, "caller", caller, [target, rate, digest].flat());
    return new Load({ ...options, folder }, calling, answering);
  }

  /** No new calls; resolves with all that were made when the last one is over, and nodes have had time to tell its callee. */
  async stop(settleMs = 0): Promise<readonly LoadCall[]> {
    this.#caller.child.kill("SIGUSR1"); // SIPp: soft exit
    const timer = globalThis.setTimeout(() => this.#caller.child.kill("SIGKILL"), LONGEST_CALL_MS);
    await this.#caller.exited;
    clearTimeout(timer);
    await setTimeout(settleMs);
    this.#callee.child.kill("SIGKILL");
    await this.#callee.exited;
    const lines = await linesOf(this.#callee.log);
    const [rings, answers, ends] = ["rings", "answers", "ended"].map((event) => countsOf(lines, event));
    const prefix = `${this.#options.caller.number}-`;
    return callsOf(await linesOf(this.#caller.log), this.#caller.startedAt).map(({ id, ...call }) => {
      const name = prefix + id;
      const ghosts = (answers?.get(name) ?? 0) - (ends?.get(name) ?? 0);
      return { ...call, name: `${this.#options.name} ${id}`, rings: rings?.get(name) ?? 0, ghosts };
    });
  }
}

interface SippProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly log: string;
  readonly startedAt: number;
}

function startSipp(folder: string, role: "caller" | "callee", phone: LoadPhone, more: readonly string[]): SippProcess {
  const log = path.join(folder, `${role}.log`);
  const scenario = path.join(HERE, "sipp", `${role}.xml`);
  const errors = path.join(folder, `${role}.errors.log`);
  const traces = ["-trace_logs", "-log_file", log, "-trace_err", "-error_file", errors];
  const args = [socketArguments(scenario, phone), ["-nd"], traces, more].flat(); // -nd: what is unexpected ends no call
  const child = spawn("sipp", args, { cwd: folder, stdio: "ignore" });
  const startedAt = performance.now();
  return { child, log, startedAt, exited: new Promise((resolve) => child.once("close", resolve)) };
}

function socketArguments(scenario: string, { address }: LoadPhone): readonly string[] {
  const local = ["-i", address, "-p", String(SIP_PORT), "-ci", address, "-mi", address, "-bind_local"];
  return ["-sf", scenario, ...local, "-nostdin"];
}

async function register(folder: string, phone: LoadPhone): Promise<void> {
  const { number, branch, secret = PHONE_SECRET } = phone;
  const scenario = path.join(HERE, "..", "sipp", "register.xml");
  const socket = socketArguments(scenario, phone);
  const keys = ["-m", "1", "-key", "caller", number, "-key", "expires", "3600", "-timeout", "20s"];
  const digest = ["-au", number, "-ap", secret, "-auth_uri", `${branch}:${SIP_PORT}`];
  const args = [`${branch}:${SIP_PORT}`, ...socket, ...keys, ...digest];
  const child = spawn("sipp", args, { cwd: folder, stdio: "ignore" });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) {
    throw new Error(`${number} could not register at ${branch}`);
  }
}

async function linesOf(file: string): Promise<readonly string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
}

/** How often that happened to each call. */
function countsOf(lines: readonly string[], wanted: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const [subject = "", event] = line.trim().split(" ");
    if (event === wanted) {
      counts.set(subject, (counts.get(subject) ?? 0) + 1);
    }
  }
  return counts;
}

type CallStory = Omit<LoadCall, "name" | "rings" | "ghosts"> & { readonly id: string };

function callsOf(lines: readonly string[], startedAt: number): readonly CallStory[] {
  const calls = new Map<string, CallStory>();
  for (const line of lines) {
    const [id = "", event = "", tick = ""] = line.trim().split(" ");
    const at = startedAt + Number(tick);
    const known = calls.get(id) ?? { id, offeredAt: at };
    calls.set(id, withEvent(known, event, at));
  }
  return [...calls.values()];
}

function withEvent(call: CallStory, event: string, at: number): CallStory {
  switch (event) {
    case "offered": {
      return { ...call, offeredAt: at };
    }
    case "answered": {
      return { ...call, answeredAt: at };
    }
    case "ended": {
      return { ...call, endedAt: at };
    }
    default: {
      return { ...call, failure: event, failedAt: at };
    }
  }
}
