import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { CallRecord } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createCallControl, next } from "@mss/call-control";
import type {
  BridgePlan,
  CallControl,
  CallControlOptions,
  CallTarget,
  IncomingRequest,
  Verdict,
} from "@mss/call-control";
import { createEngine } from "@mss/sip-engine";
import type { Engine } from "@mss/sip-engine";
import { ANSWER, OFFER, plan, step, target } from "./node-under-test.ts";
import { Peer, calleeDialog, callerDialog } from "./peer.ts";
import type { DialogParts } from "./peer.ts";

const SECRET = "engine-secret";

export type Route = (invite: IncomingRequest) => Promise<Verdict<BridgePlan>> | Verdict<BridgePlan>;

/** A node on the embedded engine, with a caller and three phones on real sockets of one /24 of loopback. */
export class EngineNode {
  readonly engine: Engine;
  readonly control: CallControl;
  readonly alice: Peer;
  readonly phones: readonly Peer[];
  readonly records: CallRecord[] = [];
  #onRecord: (record: CallRecord) => void = () => undefined;

  private constructor(parts: { engine: Engine; control: CallControl; alice: Peer; phones: readonly Peer[] }) {
    this.engine = parts.engine;
    this.control = parts.control;
    this.alice = parts.alice;
    this.phones = parts.phones;
  }

  /** `network`: third number of the addresses, another one in each test that runs at the same time. */
  static async start(
    context: TestContext,
    network: number,
    route?: Route,
    options: Pick<CallControlOptions, "limits" | "isEmergency"> = {},
  ): Promise<EngineNode> {
    const server = { host: `127.16.${network}.1`, port: 5060 };
    const engine = createEngine({
      listen: [{ transport: "udp", ...server }],
      control: { host: server.host, port: 0, secret: SECRET },
      timers: { t1Ms: 100, t2Ms: 400, t4Ms: 500 },
      trusted: ["127.16.0.0/16"], // the peers of the tests
      log: silentLog(),
    });
    await engine.start();
    const record = (written: CallRecord): void => {
      node.records.push(written);
      node.#onRecord(written);
    };
    const control = createCallControl({
      node: "hk",
      engine: { attach: (application, methods) => engine.attach(application, methods), secret: SECRET },
      log: silentLog(),
      route: route ?? (() => next(plan([step(phoneTarget(network, 0))]))),
      onRecord: record,
      ...options,
    });
    await control.start();
    const peers = [10, 20, 21, 22].map((last) => Peer.open(`127.16.${network}.${last}`, server));
    const [alice, ...phones] = await Promise.all(peers);
    assert.ok(alice);
    const node = new EngineNode({ engine, control, alice, phones });
    context.after(async () => {
      await control.stop();
      await engine.stop();
      await Promise.all([alice, ...phones].map((peer) => peer.close()));
    });
    return node;
  }

  phone(index: number): Peer {
    const peer = this.phones[index];
    assert.ok(peer);
    return peer;
  }

  /** The first record; waits for it. */
  record(): Promise<CallRecord> {
    const [record] = this.records;
    return record === undefined ? new Promise((resolve) => (this.#onRecord = resolve)) : Promise.resolve(record);
  }

  /** How many calls, dialogs and open requests the node and the engine hold, when the last answers have come. */
  async left(): Promise<number> {
    const deadline = performance.now() + 2_000;
    for (;;) {
      const { dialogs, openRequests } = this.engine.stats();
      const left = this.control.activeCalls().length + dialogs + openRequests;
      if (left === 0 || performance.now() > deadline) {
        return left;
      }
      await setImmediate();
    }
  }

  /** A call from alice to the first phone, answered and acknowledged. */
  async establish(): Promise<{ readonly caller: DialogParts; readonly callee: DialogParts }> {
    const { alice } = this;
    const bob = this.phone(0);
    const invite = alice.invite("4000", { body: OFFER });
    const leg = await bob.request("INVITE");
    bob.respond(leg, 180);
    await alice.response(invite, 180);
    bob.respond(leg, 200, { body: ANSWER });
    const answer = await alice.response(invite, 200);
    assert.equal(answer.body, ANSWER);
    await bob.request("ACK");
    const caller = callerDialog(invite, answer);
    alice.say("ACK", caller);
    return { caller, callee: calleeDialog(leg) };
  }
}

export function phoneTarget(network: number, index: number, options: Partial<CallTarget> = {}): CallTarget {
  return target(`phone:${index}`, { uri: `sip:4000@127.16.${network}.${20 + index}:5060`, ...options });
}
