import { setTimeout as sleep } from "node:timers/promises";
import { SipPhone } from "@mss/call-control/testing";
import { addressOf, pairOf } from "./places.ts";
import type { Address, Pair } from "./places.ts";
import type { RunningSystem, System } from "./system.ts";

/** From INVITE to 200, in milliseconds, each. */
export interface SetUpTimes {
  readonly direct: readonly number[];
  readonly through: readonly number[];
  /** Calls that were not answered. */
  readonly failed: number;
}

/** A caller and the callee that answers it; each sends everything to the other, or to what is between them. */
interface Line {
  readonly caller: SipPhone;
  readonly callee: SipPhone;
}

const DIRECT_PORT = 5_070;
const LATE_MS = 5_000;

async function openLine(
  { caller, callee }: Pick<Pair, "caller" | "callee">,
  { ofCaller, ofCallee }: { readonly ofCaller: Address; readonly ofCallee: Address },
): Promise<Line> {
  return {
    caller: await SipPhone.open({ ...caller, username: caller.number, password: "", server: ofCaller }),
    callee: await SipPhone.open({ ...callee, username: callee.number, password: "", server: ofCallee }),
  };
}

/** One call, hung up at once; undefined when it was not answered. */
async function timeOf({ caller, callee }: Line, header: string): Promise<number | undefined> {
  const separator = header.indexOf(":");
  const fields = { headers: [{ name: header.slice(0, separator), value: header.slice(separator + 1).trim() }] };
  void callee.nextCall().then(
    (call) => call.answer(),
    () => undefined, // did not come: the caller hears why, or nothing
  );
  const startedAt = performance.now();
  const call = await caller.call(callee.number, fields);
  const { status } = await call.final;
  const tookMs = performance.now() - startedAt;
  if (status !== 200) {
    return undefined;
  }
  await call.bye();
  return tookMs;
}

/**
 * Calls at a steady rate, every other one straight to the callee: what the two differ by is what the system adds, while the
 * rest of the machine is the same for both. Of a clock of its own, because that of SIPp goes in steps of 4 ms.
 */
export async function measureSetUp(
  system: System,
  running: RunningSystem,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<SetUpTimes> {
  const pair = pairOf(system.subnet, 0);
  const server = addressOf(system.subnet, 1);
  const line = await openLine(pair, { ofCaller: server, ofCallee: system.calleeServer ?? server });
  const [caller, callee] = [
    { ...pair.caller, port: DIRECT_PORT },
    { ...pair.callee, port: DIRECT_PORT },
  ];
  const straight = await openLine({ caller, callee }, { ofCaller: callee, ofCallee: caller });
  const calls = Math.round(perSecond * seconds);
  const headers = await running.headersFor(pair, calls);
  const through: number[] = [];
  const direct: number[] = [];
  let failed = 0;
  const started = performance.now();
  const lastAt = started + seconds * 1000 + LATE_MS; // calls that are not answered take long
  for (let index = 0; index < calls && performance.now() < lastAt; index += 1) {
    await sleep(Math.max(0, started + (index * 1000) / perSecond - performance.now()));
    const time = await timeOf(line, headers[index % headers.length] ?? "").catch(() => undefined);
    if (time === undefined) {
      failed += 1;
    } else {
      through.push(time);
    }
    direct.push((await timeOf(straight, headers[0] ?? "").catch(() => undefined)) ?? Number.NaN);
  }
  await Promise.all([line, straight].flatMap((each) => [each.caller.close(), each.callee.close()]));
  return { direct: direct.filter((time) => !Number.isNaN(time)), through, failed };
}

/** Resolves when a call comes through. */
export async function untilCallable(system: System, running: RunningSystem): Promise<void> {
  await running.processes.until(`a call through ${system.name}`, async () => {
    const { through } = await measureSetUp(system, running, { perSecond: 1, seconds: 1 });
    return through.length > 0;
  });
}
