import assert from "node:assert/strict";
import { callIn, callOut } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";

const NOT_YET = "the engine passes session timers through: they are the application's";

/** What is agreed on session timers (RFC 4028); the shortest takes 90 s, so that none runs out here. */
export const SESSION_TIMERS: readonly ConformanceCase[] = [
  {
    name: "an offer that names the caller as refresher is taken",
    run: async (rig) => {
      const { ok } = await callIn(rig, { headers: ["Supported: timer", "Session-Expires: 1800;refresher=uac"] });
      assert.match(ok.get("Session-Expires"), /^1800;\s*refresher=uac$/);
    },
    skip: { embedded: NOT_YET },
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
];
