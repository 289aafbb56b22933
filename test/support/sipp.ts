import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { isBound } from "./udp-sockets.ts";

const SCENARIOS = fileURLToPath(new URL("../sipp", import.meta.url));
const SIP_PORT = 5060;
const DEFAULT_LIMIT_MS = 20_000;
const OVERDUE_MS = 5_000;
/** How long a process may take to open its socket before the test is told that it did not. */
const BIND_LIMIT_MS = 5_000;
const BIND_POLL_MS = 10;

export interface SippOptions {
  /** File name in test/sipp without `.xml`. */
  readonly scenario: string;
  /**
   * Own loopback address; nobody else's. Also that of SIPp's media and control sockets, so that instances never meet; for
   * the latter it has no IPv6.
   */
  readonly local: string;
  /** 5060 when absent. */
  readonly port?: number;
  /** Where requests go; absent: this one waits for calls. Port 5060. */
  readonly remote?: string;
  /** Called number for a caller, own number for a callee. */
  readonly number: string;
  /** The phone's own number, also the user name of its digest. */
  readonly caller?: string;
  readonly password?: string;
  /** The scenario's `<pause />`: how long it talks or rings. 0 when absent. */
  readonly pauseMs?: number;
  /** How many calls make the process finish; 1 when absent. */
  readonly calls?: number;
  /** New calls a second. As many as there are calls when absent. */
  readonly callsPerSecond?: number;
  /** After this the run has failed. 20 s when absent. */
  readonly limitMs?: number;
  /** Values of the scenario's own keywords: `[expires]`. */
  readonly keys?: Readonly<Record<string, string>>;
}

export interface SippResult {
  readonly scenario: string;
  readonly exitCode: number;
  readonly successful: number;
  readonly failed: number;
  /** Messages that were sent again because no answer came in time. */
  readonly retransmissions: number;
  /** What SIPp found wrong: unexpected messages, time limits. Empty when all went well. */
  readonly errors: string;
  /** Every message sent and received, for people. */
  readonly messages: string;
}

export interface Sipp {
  /** Resolves when all calls are done, the limit is reached, or it was stopped. Never rejects. */
  readonly finished: Promise<SippResult>;
  stop(): Promise<void>;
}

/** The reason why tests that need SIPp are skipped here; false where it is installed. */
export function skipWithoutSipp(): string | false {
  return process.env["MSS_SKIP_SIPP"] ?? false;
}

/** Starts SIPp and resolves when its socket is open. It is stopped with the test at the latest. */
export async function startSipp(t: TestContext, options: SippOptions): Promise<Sipp> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-sipp-"));
  const child = spawn("sipp", argumentsOf(options, folder), { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const exited = exitOf(child);
  // SIPp 3.6 sometimes lives on after its own -timeout; the run then counts as failed, with exit code -1.
  const overdue = setTimeout(() => child.kill("SIGKILL"), (options.limitMs ?? DEFAULT_LIMIT_MS) + OVERDUE_MS);
  void exited.then(() => clearTimeout(overdue));
  const finished = resultOf({ options, folder, exited });
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  t.after(async () => {
    await stop();
    await finished;
    await rm(folder, { recursive: true, force: true });
  });
  await waitUntilBound(options, child);
  return { finished, stop };
}

/** Runs SIPp to its end and fails the test unless every call came out as the scenario says. */
export async function runSipp(t: TestContext, options: SippOptions): Promise<SippResult> {
  const sipp = await startSipp(t, options);
  return succeeded(sipp);
}

/** Waits for the end and fails the test unless every call came out as the scenario says. */
export async function succeeded(sipp: Sipp): Promise<SippResult> {
  const result = await sipp.finished;
  assert.ok(result.exitCode === 0, explain(result));
  return result;
}

function explain(result: SippResult): string {
  const { scenario, exitCode, successful, failed } = result;
  const lines = [
    `${scenario} did not go as it should: exit code ${exitCode}, ${successful} calls right, ${failed} wrong`,
    result.errors.slice(0, 2_000),
    `last messages:\n${result.messages.slice(-4_000)}`,
  ];
  return lines.join("\n");
}

function argumentsOf(options: SippOptions, folder: string): string[] {
  const { local, port = SIP_PORT, remote, number, calls = 1, limitMs = DEFAULT_LIMIT_MS } = options;
  const target = remote === undefined ? [] : [`${inUri(remote)}:${SIP_PORT}`];
  const control = isIPv6(local) ? "127.0.0.1" : local;
  const keys = { ...options.keys, ...(options.caller === undefined ? {} : { caller: options.caller }) };
  return [
    target,
    ["-sf", path.join(SCENARIOS, `${options.scenario}.xml`)],
    ["-i", local, "-p", String(port), "-ci", control, "-mi", local, "-bind_local"],
    ["-s", number, "-d", String(options.pauseMs ?? 0)],
    Object.entries(keys).flatMap(([name, value]) => ["-key", name, value]),
    digestArguments(options),
    ["-m", String(calls), "-l", String(calls), "-r", String(options.callsPerSecond ?? calls)],
    ["-timeout", `${Math.ceil(limitMs / 1000)}s`, "-timeout_error", "-nostdin"],
    ["-trace_stat", "-stf", path.join(folder, "stats.csv")],
    ["-trace_err", "-error_file", path.join(folder, "errors.log")],
    ["-trace_msg", "-message_file", path.join(folder, "messages.log")],
  ].flat();
}

function inUri(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

function digestArguments({ scenario, remote, number, caller, password }: SippOptions): string[] {
  if (remote === undefined || caller === undefined || password === undefined) {
    return [];
  }
  // The digest covers the Request-URI; SIPp leaves the called number out of it unless it is told.
  const host = `${inUri(remote)}:${SIP_PORT}`;
  const uri = scenario.startsWith("register") ? host : `${number}@${host}`;
  return ["-au", caller, "-ap", password, "-auth_uri", uri];
}

/** Exit code, and what went to standard error; a process that was killed has code -1. */
function exitOf(child: ChildProcess): Promise<{ exitCode: number; stderr: string }> {
  return new Promise((resolve) => {
    let stderr = "";
    child.stderr?.on("data", (chunk: unknown) => {
      stderr += String(chunk);
    });
    child.on("error", (error) => resolve({ exitCode: -1, stderr: error.message }));
    child.on("close", (code) => resolve({ exitCode: code ?? -1, stderr }));
  });
}

interface Run {
  readonly options: SippOptions;
  readonly folder: string;
  readonly exited: Promise<{ exitCode: number; stderr: string }>;
}

async function resultOf({ options, folder, exited }: Run): Promise<SippResult> {
  const { exitCode, stderr } = await exited;
  const text = (file: string): Promise<string> => readFile(path.join(folder, file), "utf8").catch(() => "");
  const [errors, messages, stats] = await Promise.all([text("errors.log"), text("messages.log"), text("stats.csv")]);
  const count = lastCounters(stats);
  return {
    scenario: options.scenario,
    exitCode,
    successful: count("SuccessfulCall(C)"),
    failed: count("FailedCall(C)"),
    retransmissions: count("Retransmissions(C)"),
    errors: exitCode === 0 ? errors : `${stderr}${errors}`,
    messages,
  };
}

/** SIPp's statistics: a line of names, then lines of values; the last one counts the whole run. */
function lastCounters(stats: string): (name: string) => number {
  const lines = stats.trimEnd().split("\n");
  const names = (lines[0] ?? "").split(";");
  const values = (lines.at(-1) ?? "").split(";");
  return (name) => {
    const value = Number(values[names.indexOf(name)]);
    return Number.isFinite(value) ? value : 0;
  };
}

/** SIPp does not say when it is ready; the kernel does. */
async function waitUntilBound({ local, port = SIP_PORT, scenario }: SippOptions, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + BIND_LIMIT_MS;
  while (child.exitCode === null && child.signalCode === null && !(await isBound(local, port))) {
    assert.ok(performance.now() < deadline, `${scenario}: no socket on ${local}:${port}`);
    await new Promise((resolve) => setTimeout(resolve, BIND_POLL_MS));
  }
}
