import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isBound } from "../../support/udp-sockets.ts";
import { endWithUs } from "./processes.ts";
import { SIP_PORT } from "./places.ts";
import type { Address, Pair } from "./places.ts";

const SCENARIOS = fileURLToPath(new URL("../sipp", import.meta.url));
const BIND_LIMIT_MS = 5_000;
const POLL_MS = 10;
const DRAIN_MS = 8_000; // what has not come by then has failed; SIPp would try for 32 s
const BUFFER_BYTES = 4_194_304;
const CONTROL_PORT = 8_880;
const MEDIA_PORT = 6_000;
const MEDIA_PORTS = 10;

export interface LoadOptions {
  /** The system between callers and callees. */
  readonly server: Address;
  /** They share the calls. */
  readonly pairs: readonly Pair[];
  readonly callsPerSecond: number;
  readonly seconds: number;
  readonly holdMs: number;
  readonly headersFor: (pair: Pair, calls: number) => Promise<readonly string[]>;
}

/** What the callers' SIPp saw, and the repetitions of both sides. */
export interface LoadResult {
  readonly calls: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Calls started in a second, on average: SIPp falls behind when the machine is full. */
  readonly reachedPerSecond: number;
}

/** The arguments of every SIPp here: one UDP socket at a place of its own. */
export function sippArguments(scenario: string, own: Address): readonly string[] {
  const socket = ["-i", own.host, "-p", String(own.port), "-ci", own.host, "-mi", own.host, "-bind_local", "-t", "u1"];
  // Two at one address have two ports for SIP, and so for what SIPp opens beside it.
  const more = own.port - SIP_PORT;
  const beside = ["-cp", String(CONTROL_PORT + more), "-mp", String(MEDIA_PORT + more * MEDIA_PORTS)];
  const control = [...beside, "-buff_size", String(BUFFER_BYTES)];
  return ["-sf", path.join(SCENARIOS, scenario), ...socket, ...control, "-nostdin", "-trace_stat", "-fd", "1"];
}

function start(folder: string, args: readonly string[]): { child: ChildProcess; exited: Promise<unknown> } {
  const child = spawn("sipp", args, { cwd: folder, stdio: "ignore" });
  endWithUs(child);
  return { child, exited: once(child, "exit") };
}

async function untilBound({ host, port }: Address): Promise<void> {
  const limit = performance.now() + BIND_LIMIT_MS;
  while (!(await isBound(host, port))) {
    if (performance.now() > limit) {
      throw new Error(`SIPp has no socket on ${host}:${port}`);
    }
    await sleep(POLL_MS);
  }
}

/** A callee that answers until it is stopped. */
export class Callee {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(folder: string, { child, exited }: ReturnType<typeof start>) {
    this.#folder = folder;
    this.#child = child;
    this.#exited = exited;
  }

  static async start(place: Address): Promise<Callee> {
    const folder = await mkdtemp(path.join(tmpdir(), "mss-bench-"));
    const callee = new Callee(folder, start(folder, sippArguments("callee.xml", place)));
    await untilBound(place);
    return callee;
  }

  /** Calls that it is in, as of its last second. */
  async standing(): Promise<number> {
    return numberOf(await lastRow(this.#folder), "CurrentCall");
  }

  /** Resolves with the number of messages that it sent again. */
  async stop(): Promise<number> {
    this.#child.kill("SIGUSR1"); // ends after its last statistics
    const abandon = setTimeout(() => this.#child.kill("SIGKILL"), 1_500);
    await this.#exited;
    clearTimeout(abandon);
    const row = await lastRow(this.#folder);
    await rm(this.#folder, { recursive: true, force: true });
    return numberOf(row, "Retransmissions(C)");
  }
}

/** One row of SIPp's statistics, by the name of the column. */
async function lastRow(folder: string): Promise<ReadonlyMap<string, string>> {
  const name = (await readdir(folder)).find((file) => file.endsWith("_.csv"));
  const text = name === undefined ? "" : await readFile(path.join(folder, name), "latin1");
  const lines = text.trim().split("\n");
  const keys = (lines[0] ?? "").split(";");
  const values = (lines.at(-1) ?? "").split(";");
  return new Map(keys.map((key, index) => [key, values[index] ?? ""]));
}

function numberOf(row: ReadonlyMap<string, string>, key: string): number {
  return Number(row.get(key) ?? 0);
}

export interface CallerOptions {
  readonly server: Address;
  readonly pair: Pair;
  readonly callsPerSecond: number;
  readonly calls: number;
  readonly holdMs: number;
  readonly headers: readonly string[];
  /** From the start to the last answer; what takes longer has failed. */
  readonly limitMs: number;
}

interface CallerResult {
  readonly successful: number;
  readonly retransmissions: number;
  readonly tookMs: number;
}

/** A SIPp that calls; `stop` ends it with its calls as they are. */
export class Caller {
  readonly finished: Promise<CallerResult>;
  readonly #child: ChildProcess;

  private constructor(finished: Promise<CallerResult>, child: ChildProcess) {
    this.finished = finished;
    this.#child = child;
  }

  static async start(options: CallerOptions): Promise<Caller> {
    const { server, pair, callsPerSecond, calls, holdMs, headers, limitMs } = options;
    const folder = await mkdtemp(path.join(tmpdir(), "mss-bench-"));
    const file = path.join(folder, "headers.txt");
    await writeFile(file, `SEQUENTIAL\n${headers.join("\n")}\n`);
    const amount = ["-r", String(callsPerSecond), "-m", String(calls), "-l", String(calls), "-d", String(holdMs)];
    const who = ["-s", pair.callee.number, "-key", "from", pair.caller.number, "-inf", file];
    const args = [`${server.host}:${server.port}`, ...sippArguments("caller.xml", pair.caller), ...amount, ...who];
    const startedAt = performance.now();
    const { child, exited } = start(folder, args);
    const finished = (async () => {
      const overdue = setTimeout(() => child.kill("SIGKILL"), limitMs);
      await exited;
      clearTimeout(overdue);
      const tookMs = performance.now() - startedAt;
      const row = await lastRow(folder);
      await rm(folder, { recursive: true, force: true });
      const [successful, retransmissions] = [numberOf(row, "SuccessfulCall(C)"), numberOf(row, "Retransmissions(C)")];
      return { successful, retransmissions, tookMs };
    })();
    return new Caller(finished, child);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.finished;
  }
}

/** Places calls through the server at a steady rate, with SIPp as callers and callees. */
export async function placeCalls(options: LoadOptions): Promise<LoadResult> {
  const { server, pairs, callsPerSecond, seconds, holdMs, headersFor } = options;
  const calls = Math.round((callsPerSecond * seconds) / pairs.length);
  const headers = await Promise.all(pairs.map((pair) => headersFor(pair, calls)));
  const callees = await Promise.all(pairs.map(({ callee }) => Callee.start(callee)));
  const callers = await Promise.all(
    pairs.map((pair, index) =>
      Caller.start({
        server,
        pair,
        callsPerSecond: callsPerSecond / pairs.length,
        calls,
        holdMs,
        headers: headers[index] ?? [],
        limitMs: seconds * 1000 + holdMs + DRAIN_MS,
      }),
    ),
  );
  const results = await Promise.all(callers.map(({ finished }) => finished));
  const repetitions = await Promise.all(callees.map((callee) => callee.stop()));
  const total = calls * pairs.length;
  const tookMs = Math.max(...results.map((result) => result.tookMs));
  return {
    calls: total,
    failed: total - sum(results.map(({ successful }) => successful)),
    retransmissions: sum(results.map(({ retransmissions }) => retransmissions)) + sum(repetitions),
    reachedPerSecond: total / Math.max(seconds, (tookMs - holdMs) / 1000),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
