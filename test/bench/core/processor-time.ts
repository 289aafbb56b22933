import { readFile } from "node:fs/promises";

const TICK_MS = 10; // of /proc, on every Linux of today
const KIBIBYTE = 1024;

/** Text of a file of /proc; empty when its process is gone. */
function read(file: string): Promise<string> {
  return readFile(file, "latin1").catch(() => "");
}

async function fieldsOf(pid: number | "self"): Promise<readonly string[]> {
  const text = await read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function ticksIn(fields: readonly string[], positions: readonly number[]): number {
  return positions.reduce((sum, position) => sum + Number(fields[position] ?? 0), 0) * TICK_MS;
}

/** A process and everything that it has started, and they. */
export async function treeOf(pid: number): Promise<readonly number[]> {
  const children = (await read(`/proc/${pid}/task/${pid}/children`)).trim().split(" ").filter(Boolean).map(Number);
  const trees = await Promise.all(children.map(treeOf));
  return [pid, ...trees.flat()];
}

/** User and system time of a process and all its threads so far, in milliseconds. */
export async function processorMs(pid: number): Promise<number> {
  return ticksIn(await fieldsOf(pid), [11, 12]);
}

/** The same of the children of this process that have ended: of every SIPp so far. */
export async function endedChildrenMs(): Promise<number> {
  return ticksIn(await fieldsOf("self"), [13, 14]);
}

/** Memory that is the process's, and its part of what it shares with others (Pss), in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const kibibytes = /^Pss: +(\d+) kB/m.exec(await read(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kibibytes ?? 0) * KIBIBYTE;
}

/** What all processors of the machine have been busy for, in milliseconds, whoever used them. */
export async function machineBusyMs(): Promise<number> {
  const text = await read("/proc/stat");
  const [user, nice, system, , , interrupts, softInterrupts] = text
    .slice(text.indexOf(" "))
    .trim()
    .split(/\s+/, 7)
    .map(Number);
  return [user, nice, system, interrupts, softInterrupts].reduce<number>((sum, ticks = 0) => sum + ticks, 0) * TICK_MS;
}
