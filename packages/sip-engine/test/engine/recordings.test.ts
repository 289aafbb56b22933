import { test } from "node:test";
import { silentLog } from "@mss/runtime";
import { readRecording } from "./support/recording.ts";
import { RawApp, Replay } from "./support/replay.ts";
import { SECRET } from "./support/app.ts";
import { freshHost } from "./support/rig.ts";
import { defer } from "./support/defer.ts";
import { SipPeer } from "./support/sip-peer.ts";
import { startEngineForTest } from "./support/start-engine.ts";

const RECORDINGS = [
  "register",
  "uac-options",
  "uas-rejects",
  "uac-challenged",
  "b2bua-caller-hangs-up",
  "b2bua-callee-refuses",
  "b2bua-caller-cancels",
  "b2bua-prack",
] as const;

for (const name of RECORDINGS) {
  test(`answers the recording ${name} as drachtio-server did`, async (context) => {
    const host = freshHost();
    const engine = await startEngineForTest({
      listen: [{ transport: "udp", host, port: 5060 }],
      control: { host: "127.0.0.1", port: 0, secret: SECRET },
      log: silentLog(),
    });
    defer(context, () => engine.stop());
    const app = await RawApp.connect(engine.controlAddress);
    const caller = await SipPeer.open(host, 5070);
    const callee = await SipPeer.open(host, 5090);
    defer(context, () => {
      app.close();
      caller.close();
      callee.close();
    });
    const peers = new Map([
      ["5070", caller],
      ["5090", callee],
    ]);
    await new Replay(app, peers, { host, port: 5060 }).play(readRecording(name));
  });
}
