import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CALLEE, CALLER } from "./addresses.ts";

const SCENARIOS = fileURLToPath(new URL("../sipp", import.meta.url));
const CALLEE_READY_MS = 500; // SIPp says nothing when its socket is open
const DRAIN_MS = 10_000; // what has not come by then has failed; SIPp would try for 32 s

export interface LoadOptions {
  /** The system between caller and callee. */
  readonly server: { readonly host: string; readonly port: number };
  readonly callsPerSecond: number;
  readonly seconds: number;
  readonly holdMs: number;
}

/** What the caller's SIPp saw, and the repetitions of both sides. */
export interface LoadResult {
  readonly calls: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Calls started in a second, on average: SIPp falls behind when the machine is full. */
  readonly reachedPerSecond: number;
  /** From INVITE to its 200, the mean in milliseconds. */
  readonly answerMs: number;
}

function run(
  scenario: string,
  folder: string,
  own: { host: string; port: number },
  more: readonly string[],
): ChildProcess {
  const common = [
    "-sf",
    path.join(SCENARIOS, scenario),
    "-i",
    own.host,
    "-p",
    String(own.port),
    "-t",
    "u1",
    "-nostdin",
  ];
  const stats = [
    "-trace_stat",
    "-fd",
    "1",
    "-buff_size",
    "4194304",
    "-cp",
    scenario === "callee.xml" ? "8890" : "8889",
  ];
  return spawn("sipp", [...common, ...stats, ...more], { cwd: folder, stdio: "ignore" });
}

/** One row of SIPp's statistics, by the name of the column. */
async function lastRow(folder: string, scenario: string): Promise<ReadonlyMap<string, string>> {
  const name = (await readdir(folder)).find((file) => file.startsWith(scenario) && file.endsWith("_.csv"));
  const text = name === undefined ? "" : await readFile(path.join(folder, name), "latin1");
  const lines = text.trim().split("\n");
  const keys = (lines[0] ?? "").split(";");
  const values = (lines.at(-1) ?? "").split(";");
  return new Map(keys.map((key, index) => [key, values[index] ?? ""]));
}

function numberOf(row: ReadonlyMap<string, string>, key: string): number {
  return Number(row.get(key) ?? 0);
}

/** `00:00:01:234567` of SIPp, in milliseconds. */
function durationMs(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0, microseconds = 0] = text.split(":").map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + microseconds / 1000;
}

/** Places calls through the server at a steady rate, with SIPp as caller and callee. */
export async function placeCalls({ server, callsPerSecond, seconds, holdMs }: LoadOptions): Promise<LoadResult> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-bench-"));
  const calls = callsPerSecond * seconds;
  const callee = run("callee.xml", folder, CALLEE, []);
  const calleeGone = once(callee, "exit");
  await new Promise((resolve) => setTimeout(resolve, CALLEE_READY_MS));
  const limit = ["-r", String(callsPerSecond), "-m", String(calls), "-l", String(calls), "-d", String(holdMs)];
  const caller = run("caller.xml", folder, CALLER, [`${server.host}:${server.port}`, "-s", "service", ...limit]);
  const startedAt = performance.now();
  const overdue = setTimeout(() => caller.kill("SIGKILL"), seconds * 1000 + DRAIN_MS);
  await once(caller, "exit");
  clearTimeout(overdue);
  const tookMs = performance.now() - startedAt;
  callee.kill("SIGUSR1"); // ends after its last statistics
  const abandon = setTimeout(() => callee.kill("SIGKILL"), 3_000);
  await calleeGone;
  clearTimeout(abandon);
  const [sent, taken] = [await lastRow(folder, "caller"), await lastRow(folder, "callee")];
  await rm(folder, { recursive: true, force: true });
  const successful = numberOf(sent, "SuccessfulCall(C)");
  return {
    calls,
    successful,
    failed: calls - successful,
    retransmissions: numberOf(sent, "Retransmissions(C)") + numberOf(taken, "Retransmissions(C)"),
    reachedPerSecond: calls / Math.max(seconds, (tookMs - holdMs) / 1000),
    answerMs: durationMs(sent.get("ResponseTime1(C)") ?? ""),
  };
}
