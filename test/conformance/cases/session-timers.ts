import assert from "node:assert/strict";
import { callIn, callOut, sendInvite } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";

const SHORT = ["Supported: timer", "Session-Expires: 60;refresher=uac"];

/** What is agreed on session timers (RFC 4028); the shortest takes 90 s, so that none runs out here. */
export const SESSION_TIMERS: readonly ConformanceCase[] = [
  {
    name: "an offer that names the caller as refresher is taken",
    run: async (rig) => {
      const { ok } = await callIn(rig, { headers: ["Supported: timer", "Session-Expires: 1800;refresher=uac"] });
      assert.match(ok.get("Session-Expires"), /^1800;\s*refresher=uac$/);
    },
  },
  {
    name: "an offer that names no refresher is declined",
    run: async (rig) => {
      const { ok } = await callIn(rig, { headers: ["Supported: timer", "Session-Expires: 1800"] });
      assert.equal(ok.get("Session-Expires"), "");
    },
  },
  {
    name: "Session-Expires of the application stands in its answer",
    run: async (rig) => {
      const { ok } = await callIn(rig, {
        headers: ["Supported: timer", "Session-Expires: 1800;refresher=uac"],
        answerHeaders: { "Session-Expires": "900;refresher=uac", Require: "timer" },
      });
      assert.match(ok.get("Session-Expires"), /^900;\s*refresher=uac$/);
    },
  },
  {
    name: "Session-Expires of the application stands in its INVITE",
    run: async (rig) => {
      const { invite } = await callOut(rig, { headers: { "Session-Expires": "1800;refresher=uas", "Min-SE": "90" } });
      assert.match(invite.get("Session-Expires"), /^1800;\s*refresher=uas$/);
      assert.equal(invite.get("Min-SE"), "90");
    },
  },
  {
    name: "an interval below 90 s is refused within a call, and the application does not hear of it",
    run: async (rig) => {
      const { app, peer, peerDialog } = await callIn(rig);
      for (const method of ["INVITE", "UPDATE"]) {
        const refused = await peer.final(peer.within(peerDialog, method, { headers: SHORT }));
        assert.deepEqual([refused.status, refused.get("Min-SE")], [422, "90"]);
      }
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "an interval below 90 s is refused before the call",
    run: async (rig) => {
      const app = await rig.application({ takes: ["invite"] });
      const peer = await rig.peer();
      const refused = await peer.final(sendInvite(peer, { headers: SHORT }));
      assert.deepEqual([refused.status, refused.get("Min-SE")], [422, "90"]);
      await rig.nothingElseCame(app, peer);
    },
    differs: {
      drachtio: {
        row: "a session timer below 90 s: 422 in a call, raised without a word before it",
        run: async (rig) => {
          const { ok } = await callIn(rig, { headers: SHORT });
          assert.match(ok.get("Session-Expires"), /^90;\s*refresher=uac$/);
        },
      },
    },
  },
];
