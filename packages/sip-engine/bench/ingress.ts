// What one INVITE costs from its datagram to the frame that an application gets, stage by stage. README.md says how.
import { cpus, loadavg } from "node:os";
import { silentLog } from "@mss/runtime";
import { DEFAULT_LIMITS, serializeMessage } from "@mss/sip-message";
import { METHODS } from "../src/engine/methods.ts";
import { createTransactionLayer } from "../src/transaction/layer.ts";
import { Admission } from "../src/transport/admission.ts";
import { Ingress } from "../src/transport/ingress.ts";
import { createStats } from "../src/transport/stats.ts";
import type { Flow, ListenAddress, TransportLayer, TransportUser } from "../src/transport/types.ts";
import { encodeFrame } from "../src/wire/frame-codec.ts";
import { formatNewRequest } from "../src/wire/notices.ts";
import { datagrams } from "./support/datagrams.ts";

const ROUNDS = 12;
const MESSAGES = 10_000; // the clock of a thread may go in steps of 4 ms, so that short rounds would tell nothing
const FLOW: Flow = {
  transport: "udp",
  local: { host: "127.0.30.1", port: 5060 },
  remote: { host: "127.0.30.3", port: 5060 },
};

const LISTEN: ListenAddress = { transport: "udp", ...FLOW.local };

const admission = new Admission(DEFAULT_LIMITS, { methods: METHODS, checksHops: true, proxyOptionTags: [] });

/** The part of the transport layer above its sockets: datagrams go in, what is sent goes nowhere. */
class Datagrams implements TransportLayer {
  readonly listening = [LISTEN];
  readonly #ingress: Ingress;
  #user: TransportUser | undefined;

  constructor() {
    this.#ingress = new Ingress({
      log: silentLog(),
      stats: createStats(),
      admission,
      user: () => this.#user,
      send: () => Promise.resolve(FLOW),
      statelessTag: "0",
    });
  }

  start(user: TransportUser): Promise<void> {
    this.#user = user;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  send(): Promise<Flow> {
    return Promise.resolve(FLOW);
  }

  localAddressFor(): ListenAddress {
    return LISTEN;
  }

  isOwn(): boolean {
    return false;
  }

  take(datagram: Buffer): void {
    this.#ingress.acceptDatagram(datagram.toString("latin1"), FLOW);
  }
}

/** Gives how many messages came through, so that a refusal cannot pass for speed. */
type Stage = (messages: readonly Buffer[]) => Promise<number> | number;

function admit(messages: readonly Buffer[]): number {
  return messages.filter((bytes) => admission.datagram(bytes.toString("latin1")).kind === "passed").length;
}

function admitAndWrite(messages: readonly Buffer[]): number {
  let written = 0;
  for (const bytes of messages) {
    const admitted = admission.datagram(bytes.toString("latin1"));
    written +=
      admitted.kind === "passed" && Buffer.from(serializeMessage(admitted.message), "latin1").length > 0 ? 1 : 0;
  }
  return written;
}

async function stamp(messages: readonly Buffer[]): Promise<number> {
  const transport = new Datagrams();
  let count = 0;
  await transport.start({ onMessage: () => void (count += 1) });
  for (const bytes of messages) {
    transport.take(bytes);
  }
  return count;
}

/** With its server transaction and the 100 that goes back, up to the bytes for the application. */
async function hand(messages: readonly Buffer[]): Promise<number> {
  const transport = new Datagrams();
  const layer = createTransactionLayer({ transport });
  let count = 0;
  await layer.start({
    onRequest: ({ id, request }) => {
      const path = { protocol: "udp", address: FLOW.remote.host, port: FLOW.remote.port };
      const text = serializeMessage(request);
      const frame = formatNewRequest({ path, transactionId: id, dialogId: "", text }, FLOW.local);
      count += Buffer.from(encodeFrame(frame), "latin1").length > text.length ? 1 : 0;
    },
    onCancel: () => undefined,
    onAck: () => undefined,
    onStrayInviteSuccess: () => undefined,
    onServerFailure: () => undefined,
  });
  for (const bytes of messages) {
    transport.take(bytes);
  }
  await layer.stop();
  return count;
}

const STAGES: readonly { readonly name: string; readonly run: Stage; readonly rounds: number[] }[] = [
  { name: "parse, validate, canonicalise", run: admit, rounds: [] },
  { name: "the same, and written", run: admitAndWrite, rounds: [] },
  { name: "to the transaction layer, source in Via", run: stamp, rounds: [] },
  { name: "to the application: transaction, 100, frame", run: hand, rounds: [] },
];

/** Processor time of this thread: what else runs on the machine makes it wait, and is not counted. */
async function measure(run: Stage, messages: readonly Buffer[]): Promise<number> {
  const before = process.threadCpuUsage();
  const passed = await run(messages);
  const { user, system } = process.threadCpuUsage(before);
  if (passed !== messages.length) {
    throw new Error(`${messages.length - passed} messages were refused`);
  }
  return (user + system) / messages.length;
}

process.stdout.write(`node ${process.version}, ${cpus()[0]?.model ?? "?"}, load ${loadavg()[0]?.toFixed(1)}\n`);
for (let round = 0; round < ROUNDS; round += 1) {
  const messages = datagrams(MESSAGES, round);
  for (const { run, rounds } of STAGES) {
    rounds.push(await measure(run, messages));
  }
}
for (const { name, rounds } of STAGES) {
  const sorted = rounds.toSorted((one, other) => one - other);
  const [best = 0, median = 0] = [sorted[0], sorted[Math.floor(ROUNDS / 2)]];
  process.stdout.write(`${name.padEnd(46)} best ${best.toFixed(1)} us   median ${median.toFixed(1)} us\n`);
}
