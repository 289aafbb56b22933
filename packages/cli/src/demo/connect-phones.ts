import { CodedError, withDeadline } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import { extensionNumberSchema } from "@mss/model";
import type { BranchSettings } from "@mss/model";
import type { RunningBranch } from "@mss/l-mss";
import type { NodeSet, RunningNodes } from "../nodes.ts";
import { Phone } from "./phone.ts";
import { DEMO_PHONES } from "./place-calls.ts";

export interface DemoPhones {
  get(number: string): Phone;
  stop(): Promise<void>;
}

const PHONE_HOST = "127.0.0.1";
const TRUNK_LIMIT_MS = 10_000;

/** Waits for the trunks, then registers the phones. Rejects with DEMO_PHONE_FAILED or DEADLINE_EXCEEDED. */
export async function connectPhones(nodeSet: NodeSet, nodes: RunningNodes, log: Logger): Promise<DemoPhones> {
  await Promise.all(
    nodes.branches.map((branch) => withDeadline(trunkUp(branch), TRUNK_LIMIT_MS, "registration of a trunk")),
  );
  const phones = new Map<string, Phone>();
  const stop = async (): Promise<void> => {
    await Promise.all([...phones.values()].map((phone) => phone.stop()));
  };
  try {
    for (const number of DEMO_PHONES) {
      const phone = createPhone(nodeSet.branches, number, log);
      phones.set(number, phone);
      await phone.start();
      const status = await phone.register();
      if (status !== 200) {
        throw new CodedError("DEMO_PHONE_FAILED", "a demo phone was not registered", { number, status });
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get(number) {
      const phone = phones.get(number);
      if (phone === undefined) {
        throw new CodedError("DEMO_PHONE_FAILED", "there is no such demo phone", { number });
      }
      return phone;
    },
    stop,
  };
}

function trunkUp(branch: RunningBranch): Promise<void> {
  const isUp = (): boolean => branch.status().hubs.some(({ state }) => state === "up");
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = branch.on("hub", () => {
    if (isUp()) {
      resolve();
    }
  });
  if (isUp()) {
    resolve();
  }
  return promise.finally(off);
}

function createPhone(branches: readonly BranchSettings[], number: string, log: Logger): Phone {
  const extensionNumber = extensionNumberSchema.parse(number);
  const branch = branches.find(({ extensions }) => extensions.has(extensionNumber));
  const address = branch?.listen.find(({ transport }) => transport === "udp");
  const extension = branch?.extensions.get(extensionNumber);
  if (address === undefined || extension === undefined) {
    throw new CodedError("DEMO_PHONE_FAILED", "the topology has no such extension on UDP", { number });
  }
  const target = { transport: "udp", host: address.host, port: address.port } as const;
  return new Phone({ number, secret: extension.secret, host: PHONE_HOST, branch: target, log });
}
