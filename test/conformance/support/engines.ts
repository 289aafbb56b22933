import { connect } from "node:net";
import type { Server, Socket } from "node:net";
import { silentLog } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import { drachtioBinary, startDrachtioServer } from "../../support/drachtio-server.ts";
import type { Address } from "../../support/peer/peer-socket.ts";

export type EngineKind = "embedded" | "drachtio";

/** RFC 3261 table 4, shortened, so that what takes 64*T1 takes 3.2 s. */
export const SHORT_TIMERS = { t1Ms: 50, t2Ms: 200, t4Ms: 250 };

export interface StartOptions {
  readonly timers?: "short";
  readonly callRecords?: boolean;
}

/** An engine that a case runs on, listening by UDP and TCP. */
export interface RunningEngine {
  readonly sip: Address;
  readonly control: ControlAddress;
  /** A host for one more peer that this engine can reach. */
  peerHost(): string;
  stop(): Promise<void>;
}

type ControlAddress = Address & {
  readonly secret: string;
  /** Connects an application without a socket. */
  readonly attach?: (server: Server, methods: readonly string[]) => void;
};

export interface EngineUnderTest {
  readonly kind: EngineKind;
  /** How it is named in the output. */
  readonly name: string;
  /** One server for all cases, which it runs on one after the other: it was not started by the tests. */
  readonly isShared: boolean;
  /** Why it cannot be started in that way; undefined when it can. */
  cannot(options: StartOptions): string | undefined;
  start(options: StartOptions): Promise<RunningEngine>;
}

const HOSTS_PER_NET = 200;
const SIP_PORT = 5060;
const CONTROL_PORT = 9022;
let lastHost = 0;

/** A loopback address that nothing else of this process has; processes differ in the third number. */
export function freshHost(): string {
  lastHost += 1;
  const net = (process.pid + Math.floor(lastHost / HOSTS_PER_NET)) % 250;
  return `127.14.${net}.${(lastHost % HOSTS_PER_NET) + 1}`;
}

function listenOn(host: string): readonly { transport: "udp" | "tcp"; host: string; port: number }[] {
  return [
    { transport: "udp", host, port: SIP_PORT },
    { transport: "tcp", host, port: SIP_PORT },
  ];
}

const SECRET = "conformance";

function embedded(name: string, isAttached: boolean): EngineUnderTest {
  return {
    kind: "embedded",
    name,
    isShared: false,
    cannot: () => undefined,
    start: async ({ timers }) => {
      const host = freshHost();
      const engine = createEngine({
        listen: listenOn(host),
        control: { host: "127.0.0.1", port: 0, secret: SECRET },
        ...(timers === undefined ? {} : { timers: SHORT_TIMERS }),
        log: silentLog(),
      });
      await engine.start();
      const attach = (server: Server, methods: readonly string[]): void => engine.attach(server, methods);
      return {
        sip: { host, port: SIP_PORT },
        control: { ...engine.controlAddress, secret: SECRET, ...(isAttached ? { attach } : {}) },
        peerHost: freshHost,
        stop: () => engine.stop(),
      };
    },
  };
}

function startedByTests(binary: string): EngineUnderTest {
  return {
    kind: "drachtio",
    name: `drachtio-server ${binary}`,
    isShared: false,
    cannot: () => undefined,
    start: async ({ timers, callRecords = false }) => {
      const host = freshHost();
      const server = await startDrachtioServer(binary, {
        listen: listenOn(host),
        callRecords,
        ...(timers === undefined ? {} : { timers: SHORT_TIMERS }),
      });
      const { control } = server;
      return { sip: { host, port: SIP_PORT }, control, peerHost: freshHost, stop: () => server.stop() };
    },
  };
}

function running(url: string): EngineUnderTest {
  const { hostname, port, password } = new URL(url);
  const control = { host: hostname, port: Number(port || CONTROL_PORT), secret: decodeURIComponent(password) };
  return {
    kind: "drachtio",
    name: `drachtio-server at ${control.host}:${control.port}`,
    isShared: true,
    cannot: ({ timers, callRecords }) => {
      if (timers !== undefined) {
        return "needs a server with short timers: DRACHTIO_BIN";
      }
      return callRecords === true ? "needs a server that sends call records: DRACHTIO_BIN" : undefined;
    },
    start: async () => {
      const { sip, own } = await askServer(control);
      const isLoopback = sip.host.startsWith("127.");
      return { sip, control, peerHost: isLoopback ? freshHost : () => own, stop: () => Promise.resolve() };
    },
  };
}

/** Where a server speaks SIP by UDP, which it tells on its control connection, and our own address towards it. */
async function askServer({ host, port, secret }: ControlAddress): Promise<{ sip: Address; own: string }> {
  const socket = connect({ host, port });
  const greeting = `ask|authenticate|${secret}|`;
  socket.write(`${greeting.length}#${greeting}`);
  const answer = (await text(socket, (received) => received.includes("|ask|"))).split("|");
  const own = socket.localAddress ?? host;
  socket.destroy();
  const [, sipHost, sipPort] = /udp\/([^:,]+):(\d+)/.exec(answer[4] ?? "") ?? [];
  if (sipHost === undefined) {
    throw new Error(
      `the drachtio-server at ${host}:${port} did not take the secret, or has no UDP: ${answer.join("|")}`,
    );
  }
  return { sip: { host: sipHost, port: Number(sipPort) }, own };
}

async function text(socket: Socket, isWhole: (received: string) => boolean): Promise<string> {
  let received = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += String(chunk);
    if (isWhole(received)) {
      break;
    }
  }
  return received;
}

/** The engines that cases run on: the embedded one over a socket and without, and what DRACHTIO_BIN or DRACHTIO_URL gives. */
export function enginesUnderTest(): readonly EngineUnderTest[] {
  const binary = drachtioBinary();
  const url = process.env["DRACHTIO_URL"] ?? "";
  return [
    embedded("embedded engine", false),
    embedded("embedded engine in the process", true),
    ...(binary === undefined ? [] : [startedByTests(binary)]),
    ...(url === "" ? [] : [running(url)]),
  ];
}
