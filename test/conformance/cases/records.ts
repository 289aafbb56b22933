import assert from "node:assert/strict";
import { nextEvent } from "../support/application.ts";
import type { AppMessage } from "../support/application.ts";
import { callIn, offer } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";

const TAKES = ["cdr:attempt", "cdr:start", "cdr:stop"];

/** Call records, which an application asks for like for a method. */
export const RECORDS: readonly ConformanceCase[] = [
  {
    name: "an answered call: attempt, start and stop, with the message that was the cause",
    callRecords: true,
    run: async (rig) => {
      const { app, dialog, peer, peerDialog, invite } = await callIn(rig, { takes: TAKES });
      const attempt = await app.record("cdr:attempt");
      assert.equal(attempt.values[0], "network");
      assert.equal(callIdOf(attempt.values.at(-1)), invite.get("Call-ID"));
      const start = await app.record("cdr:start");
      assert.deepEqual([start.values[0], start.values[2]], ["application", "uas"]);
      const ended = nextEvent(dialog, "destroy");
      peer.within(peerDialog, "BYE");
      await ended;
      const stop = await app.record("cdr:stop");
      assert.deepEqual([stop.values[0], stop.values[2]], ["network", "normal-release"]);
    },
  },
  {
    name: "a refused call: attempt and stop",
    callRecords: true,
    run: async (rig) => {
      const { app, peer, invite, res } = await offer(rig, { takes: TAKES });
      res.send(486);
      peer.ofInvite("ACK", invite, { to: (await peer.final(invite)).get("To") });
      await app.record("cdr:attempt");
      const stop = await app.record("cdr:stop");
      assert.deepEqual([stop.values[0], stop.values[2]], ["application", "call-rejected"]);
    },
  },
];

function callIdOf(message: string | AppMessage | undefined): string {
  return typeof message === "object" ? message.get("Call-ID") : "no message";
}
