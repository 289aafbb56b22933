import { readFile } from "node:fs/promises";

const TICK_MS = 10; // of /proc, on every Linux of today

async function fieldsOf(pid: number | "self"): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function ticksIn(fields: readonly string[], positions: readonly number[]): number {
  return positions.reduce((sum, position) => sum + Number(fields[position] ?? 0), 0) * TICK_MS;
}

/** User and system time of a process and all its threads so far, in milliseconds. */
export async function processorMs(pid: number): Promise<number> {
  return ticksIn(await fieldsOf(pid), [11, 12]);
}

/** The same of the children of this process that have ended: of every SIPp so far. */
export async function endedChildrenMs(): Promise<number> {
  return ticksIn(await fieldsOf("self"), [13, 14]);
}

/** What all processors of the machine have been busy for, in milliseconds, whoever used them. */
export async function machineBusyMs(): Promise<number> {
  const text = await readFile("/proc/stat", "latin1");
  const [user, nice, system, , , interrupts, softInterrupts] = text
    .slice(text.indexOf(" "))
    .trim()
    .split(/\s+/, 7)
    .map(Number);
  return [user, nice, system, interrupts, softInterrupts].reduce<number>((sum, ticks = 0) => sum + ticks, 0) * TICK_MS;
}
