import type { TestContext } from "node:test";
import type { Phone } from "./federation.ts";
import { runSipp, startSipp, succeeded } from "./sipp.ts";
import type { Sipp, SippOptions, SippResult } from "./sipp.ts";

/** What a test may add to a phone's run. */
export type RunOptions = Partial<Pick<SippOptions, "pauseMs" | "calls" | "callsPerSecond" | "limitMs">>;

/** Registers the phone at its branch, from the address it will be called at; 0 seconds takes it off. */
export async function register(t: TestContext, phone: Phone, expiresSeconds = 600): Promise<void> {
  await runSipp(t, {
    scenario: "register",
    local: phone.address,
    remote: phone.branch,
    number: phone.number,
    caller: phone.number,
    password: phone.password,
    keys: { expires: String(expiresSeconds) },
    limitMs: 5_000,
  });
}

/** Starts the phone waiting for calls. It must be registered for any to come. */
export function answering(t: TestContext, phone: Phone, scenario: string, options: RunOptions = {}): Promise<Sipp> {
  return startSipp(t, { ...options, scenario, local: phone.address, number: phone.number });
}

/** Starts the phone calling `number` with its credentials. */
export function calling(t: TestContext, phone: Phone, outgoing: CallOptions): Promise<Sipp> {
  const { number, scenario, password, ...options } = outgoing;
  return startSipp(t, {
    ...options,
    scenario,
    number,
    local: phone.address,
    remote: phone.branch,
    caller: phone.number,
    password: password ?? phone.password,
  });
}

export interface CallOptions extends RunOptions {
  /** Who is called. */
  readonly number: string;
  readonly scenario: string;
  /** Other than the phone's own, for a wrong one. */
  readonly password?: string;
}

export interface Call {
  readonly from: Phone;
  readonly to: Phone;
  /** Scenarios of the two sides. */
  readonly caller: string;
  readonly callee: string;
  /** How long the callee rings and the caller talks, for scenarios that have a pause for it. */
  readonly ringMs?: number;
  readonly talkMs?: number;
  readonly calls?: number;
  readonly callsPerSecond?: number;
  readonly limitMs?: number;
}

/** Registers the callee and runs calls between two phones; fails unless both sides saw what their scenarios say. */
export async function call(t: TestContext, options: Call): Promise<{ caller: SippResult; callee: SippResult }> {
  const { from, to, caller, callee, ringMs = 0, talkMs = 0, ...rates } = options;
  await register(t, to);
  return runCall(t, { from, to, caller, callee, ringMs, talkMs, ...rates });
}

/** As `call`, to a callee that has registered already. */
export async function runCall(t: TestContext, options: Call): Promise<{ caller: SippResult; callee: SippResult }> {
  const { from, to, ringMs = 0, talkMs = 0, ...rates } = options;
  const phone = await answering(t, to, options.callee, { pauseMs: ringMs, ...ratesOf(rates) });
  const other = await calling(t, from, {
    number: to.number,
    scenario: options.caller,
    pauseMs: talkMs,
    ...ratesOf(rates),
  });
  // The caller first: it sees the final answer, which says most about what went wrong.
  const callerResult = await succeeded(other);
  return { caller: callerResult, callee: await succeeded(phone) };
}

function ratesOf({ calls, callsPerSecond, limitMs }: RunOptions): RunOptions {
  return {
    ...(calls === undefined ? {} : { calls }),
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
    ...(limitMs === undefined ? {} : { limitMs }),
  };
}
