import type { TestContext } from "node:test";
import { silentLog } from "@mss/runtime";
import type { Engine, EngineOptions } from "../../../src/index.ts";
import { SECRET, connectApp } from "./app.ts";
import type { App } from "./app.ts";
import { defer } from "./defer.ts";
import { SipPeer } from "./sip-peer.ts";
import { startEngineForTest } from "./start-engine.ts";

/** An engine on a host of its own, an application on it, and SIP peers; all closed when the test ends. */
export interface Rig {
  readonly engine: Engine;
  readonly app: App;
  /** Where peers send to: the first address the engine listens on. */
  readonly sip: { readonly host: string; readonly port: number };
  peer(): Promise<SipPeer>;
}

const HOSTS_PER_NET = 200;
let lastHost = 0;

/** A loopback address that no other test of this process has; processes differ in the third number. */
export function freshHost(): string {
  lastHost += 1;
  const net = (process.pid + Math.floor(lastHost / HOSTS_PER_NET)) % 250;
  return `127.13.${net}.${(lastHost % HOSTS_PER_NET) + 1}`;
}

export async function startEngine(
  context: TestContext,
  options: Partial<EngineOptions> = {},
): Promise<{ readonly engine: Engine; readonly sip: Rig["sip"] }> {
  const engine = await startEngineForTest({
    listen: [{ transport: "udp", host: freshHost(), port: 0 }],
    control: { host: "127.0.0.1", port: 0, secret: SECRET },
    log: silentLog(),
    trusted: ["127.13.0.0/16"], // the peers of the tests
    ...options,
  });
  defer(context, () => engine.stop());
  const [first] = engine.listening;
  return { engine, sip: { host: first?.host ?? "", port: first?.port ?? 0 } };
}

export async function openPeer(context: TestContext): Promise<SipPeer> {
  const peer = await SipPeer.open(freshHost());
  defer(context, () => {
    peer.close();
  });
  return peer;
}

export async function startRig(context: TestContext, options: Partial<EngineOptions> = {}): Promise<Rig> {
  const { engine, sip } = await startEngine(context, options);
  const app = await connectApp(context, engine);
  return { engine, app, sip, peer: () => openPeer(context) };
}
