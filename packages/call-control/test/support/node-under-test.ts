import type { TestContext } from "node:test";
import type { CallRecord } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createCallControl, next } from "@mss/call-control";
import type { BridgePlan, BridgeStep, CallControl, CallControlOptions, CallTarget } from "@mss/call-control";
import { WireEngine } from "./wire-engine.ts";

export const OFFER = "v=0\r\no=alice 1 1 IN IP4 127.16.1.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
export const ANSWER = "v=0\r\no=bob 1 1 IN IP4 127.16.2.1\r\ns=-\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";

export interface NodeUnderTest {
  readonly engine: WireEngine;
  readonly control: CallControl;
  readonly records: readonly CallRecord[];
  /** The next record; waits for it. */
  record(): Promise<CallRecord>;
}

export function target(label = "extension:4000", options: Partial<CallTarget> = {}): CallTarget {
  return { label, uri: "sip:4000@127.16.2.1:5060", ...options };
}

export function step(...targets: readonly CallTarget[]): BridgeStep {
  return { targets };
}

export function plan(steps: readonly BridgeStep[], options: Partial<BridgePlan> = {}): BridgePlan {
  return { origin: "extension:1000", steps, ...options };
}

/** A node on the stand-in engine; stopped when the test ends. */
export async function startNode(
  context: TestContext,
  options: Partial<CallControlOptions> & { readonly plan?: BridgePlan } = {},
): Promise<NodeUnderTest> {
  const engine = new WireEngine();
  await engine.start();
  const records: CallRecord[] = [];
  const waiting: ((record: CallRecord) => void)[] = [];
  let taken = 0;
  const control = createCallControl({
    node: "hk",
    engine: engine.address,
    log: silentLog(),
    route: () => next(options.plan ?? plan([step(target())])),
    onRecord: (record) => {
      records.push(record);
      waiting.shift()?.(record);
    },
    ...options,
    // A test that does not answer the BYE of its last call need not wait for that.
    limits: { stopGraceMs: 0, ...options.limits },
  });
  await control.start();
  context.after(async () => {
    await control.stop();
    await engine.stop();
  });
  return {
    engine,
    control,
    records,
    record: () => {
      const record = records[taken];
      taken += 1;
      return record === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(record);
    },
  };
}
