import type { TestContext } from "node:test";
import type { SipMessage } from "@mss/sip-message";
import { parseMessage } from "@mss/sip-message";
import type { TestAgent, TestAgentOptions, VirtualNetwork, VirtualTransport } from "../../src/testing/index.ts";
import { createTestAgent, createVirtualNetwork } from "../../src/testing/index.ts";
import type { ListenAddress, TransportName } from "../../src/transport/types.ts";

export const CALLER: ListenAddress = { transport: "udp", host: "127.12.0.1", port: 5060 };
export const CALLEE: ListenAddress = { transport: "udp", host: "127.12.0.2", port: 5060 };
/** The address of nobody. */
export const NOBODY: ListenAddress = { transport: "udp", host: "127.12.0.9", port: 5060 };

export interface Pair {
  readonly network: VirtualNetwork;
  readonly caller: TestAgent;
  readonly callee: TestAgent;
  readonly callerTransport: VirtualTransport;
  readonly calleeTransport: VirtualTransport;
  /** Lets protocol time pass, in steps, so that messages can travel in between. */
  readonly advance: (ms: number, stepMs?: number) => Promise<void>;
  readonly settle: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

type Settings = Omit<TestAgentOptions, "transport" | "user"> & { readonly transport?: TransportName };

/** Two agents on a virtual network, on mock timers, stopped when the test ends. */
export async function createPair(t: TestContext, settings: Settings = {}): Promise<Pair> {
  t.mock.timers.reset(); // a property makes many pairs in one test
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { transport = "udp", ...rest } = settings;
  const network = createVirtualNetwork();
  const callerTransport = network.createTransport([{ ...CALLER, transport }]);
  const calleeTransport = network.createTransport([{ ...CALLEE, transport }]);
  const caller = createTestAgent({ transport: callerTransport, user: "caller", ...rest });
  const callee = createTestAgent({ transport: calleeTransport, user: "callee", ...rest });
  await caller.start();
  await callee.start();
  const stop = async (): Promise<void> => void (await Promise.all([caller.stop(), callee.stop()]));
  t.after(stop);
  return {
    stop,
    network,
    caller,
    callee,
    callerTransport,
    calleeTransport,
    settle: () => network.settle(),
    advance: async (ms, stepMs = 500) => {
      await network.settle();
      for (let passed = 0; passed < ms; passed += stepMs) {
        t.mock.timers.tick(Math.min(stepMs, ms - passed));
        await network.settle();
      }
    },
  };
}

export function parsed(text: string): SipMessage {
  const outcome = parseMessage(text);
  if (outcome.kind !== "message") {
    throw new Error(`no message: ${outcome.fault.reason}`);
  }
  return outcome.message;
}

/** Method, or status and method, of each packet that left an address: `INVITE`, `180 INVITE`. */
export function sentBy(network: VirtualNetwork, address: ListenAddress): readonly string[] {
  return network.packets.filter((packet) => packet.from.host === address.host).map((packet) => titleOf(packet.text));
}

export function titleOf(text: string): string {
  const message = parsed(text);
  if (message.kind === "request") {
    return message.method;
  }
  return `${message.status} ${message.headers.get("cseq")?.split(" ")[1] ?? ""}`;
}

export function statusesOf(agent: TestAgent): readonly number[] {
  return agent.all("response").map(({ response }) => response.status);
}
