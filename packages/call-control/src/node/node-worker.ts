import { fieldsOf } from "@mss/runtime";
import type { WorkerGroup } from "@mss/runtime";

/** One of several processes of a node, each with an embedded engine of its own. */
export interface NodeWorker {
  readonly group: WorkerGroup;
  /** The own ports of worker 2 are the listen ports plus this plus 2. */
  readonly portOffset: number;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** A CANCEL that came to another worker than its INVITE: what the embedded engine hands on. */
interface Cancel {
  readonly text: string;
  readonly flow: { readonly transport: "udp" | "tcp" | "tls"; readonly local: Place; readonly remote: Place };
}

const CANCEL_TOPIC = "cancel";

/** `worker` of the options of the embedded engine. */
export function workerOptions({ group, portOffset }: NodeWorker) {
  return {
    offset: portOffset + group.worker,
    offsets: Array.from({ length: group.workers }, (_none, index) => portOffset + index + 1),
    cancelElsewhere: async (cancel: Cancel): Promise<boolean> => (await group.ask(CANCEL_TOPIC, cancel)).includes(true),
  };
}

/** Takes what other workers have got for calls of this one. */
export function takeCancels(group: WorkerGroup, engine: { takeCancel(cancel: Cancel): boolean }): void {
  group.onAsked(CANCEL_TOPIC, (value) => {
    const cancel = readCancel(value);
    return cancel !== undefined && engine.takeCancel(cancel);
  });
}

function readCancel(value: unknown): Cancel | undefined {
  const { text, flow } = fieldsOf(value);
  const { transport, local, remote } = fieldsOf(flow);
  const [from, to] = [readPlace(local), readPlace(remote)];
  const isKnown = transport === "udp" || transport === "tcp" || transport === "tls";
  return typeof text === "string" && isKnown && from !== undefined && to !== undefined
    ? { text, flow: { transport, local: from, remote: to } } // its connection is that worker's
    : undefined;
}

function readPlace(value: unknown): Place | undefined {
  const { host, port } = fieldsOf(value);
  return typeof host === "string" && typeof port === "number" ? { host, port } : undefined;
}
