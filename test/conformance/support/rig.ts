import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Application } from "./application.ts";
import type { ApplicationOptions } from "./application.ts";
import type { EngineKind, EngineUnderTest, RunningEngine, StartOptions } from "./engines.ts";
import { Peer } from "../../support/peer/peer.ts";
import type { PeerTransport } from "../../support/peer/peer.ts";

/** May come before any answer to an INVITE, or not: RFC 3261 §17.2.1 asks for it after 200 ms. */
const TRYING = "SIP/2.0 100 Trying";

/** What a case works with: an engine, and any number of applications and peers; closed when the case ends. */
export interface Rig {
  readonly kind: EngineKind;
  readonly engine: RunningEngine;
  /** A drachtio-srf application that is connected, and whose methods the engine knows. */
  application(options?: ApplicationOptions): Promise<Application>;
  /** An application that connects with another secret. */
  stranger(secret: string): Promise<unknown>;
  /** A peer on an address of its own; UDP unless told otherwise. */
  peer(transport?: PeerTransport): Promise<Peer>;
  /** Waits until everything that was sent has had its effect, and fails when somebody has unread messages then. */
  nothingElseCame(application: Application, ...peers: readonly Peer[]): Promise<void>;
}

export async function startRig(t: TestContext, engineUnderTest: EngineUnderTest, options: StartOptions): Promise<Rig> {
  const engine = await engineUnderTest.start(options);
  const closing: (() => void | Promise<void>)[] = [() => engine.stop()];
  t.after(async () => {
    for (let close = closing.pop(); close !== undefined; close = closing.pop()) {
      await close();
    }
  });
  const peer = async (transport: PeerTransport = "udp"): Promise<Peer> => {
    const opened = await Peer.open(transport, engine.peerHost(), engine.sip);
    closing.push(() => opened.close());
    return opened;
  };
  return {
    kind: engineUnderTest.kind,
    engine,
    peer,
    stranger: (secret) => {
      const application = new Application({});
      closing.push(() => application.disconnect());
      return application.connect({ ...engine.control, secret });
    },
    nothingElseCame: async (application, ...peers) => {
      for (const each of peers) {
        await engineHasRead(each);
      }
      await applicationHasRead(application, await peer());
      assert.deepEqual(
        application.unread.map(({ method }) => method),
        [],
        "at the application",
      );
      assert.deepEqual(
        peers.flatMap(({ unread }) => unread.map(({ startLine }) => startLine).filter((line) => line !== TRYING)),
        [],
        "at the peers",
      );
    },
    application: async (applicationOptions = {}) => {
      const application = new Application(applicationOptions);
      const addresses = await application.connect(engine.control);
      closing.push(() => application.disconnect());
      const { host, port } = engine.sip;
      assert.ok(addresses.includes(`udp/${host}:${port}`), `the engine told its addresses: ${addresses.join(", ")}`);
      await applicationHasRead(application, await peer()); // and the engine knows its routes
      return application;
    },
  };
}

/** Messages of one peer are read in order, and a CANCEL of nothing is answered by the engine itself. */
async function engineHasRead(peer: Peer): Promise<void> {
  assert.equal((await peer.final(peer.request("CANCEL"))).status, 481);
}

/** Frames between an application and the engine are read in order, both ways. */
async function applicationHasRead(application: Application, sink: Peer): Promise<void> {
  await application.srf.request(sink.uri, { method: "OPTIONS" });
  sink.respond(await sink.next("OPTIONS"), "200 OK", { tag: "sink" });
}
