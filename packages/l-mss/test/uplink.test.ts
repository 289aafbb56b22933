import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { TestContext } from "node:test";
import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import { silentLog } from "@mss/runtime";
import { Uplink } from "../src/uplink.ts";
import { branchSettings, HUB_ID } from "./support/settings.ts";

function answered(status: number, headers: Readonly<Record<string, string>> = {}): RequestOutcome {
  const sentContact = "<sip:hk@192.0.2.1:5060>"; // the engine has put the address in
  return { kind: "answered", status, reason: "", body: "", header: (name) => headers[name], sentContact };
}
const SILENT: RequestOutcome = { kind: "failed", failure: "timeout", reason: "nothing came" };

/** An uplink to one hub that answers what `answers` says, in order, and then for ever its last word. */
function uplinkTo(t: TestContext, answers: readonly RequestOutcome[]) {
  const requests: OutgoingRequest[] = [];
  const asked: (() => void)[] = [];
  const uplink = new Uplink({
    settings: branchSettings("192.0.2.1", "192.0.2.2"),
    log: silentLog(),
    timing: { minRetryMs: 1, maxRetryMs: 2 },
    request: (request) => {
      if (request.method === "OPTIONS") {
        return Promise.resolve(answered(200)); // the probe; see hub-probe.test.ts
      }
      requests.push(request);
      const answer = answers[Math.min(requests.length, answers.length) - 1];
      asked.shift()?.();
      return Promise.resolve(answer ?? SILENT);
    },
  });
  t.after(() => uplink.stop());
  return {
    uplink,
    requests,
    /** Resolves with the next request. */
    nextRequest: () => new Promise<void>((resolve) => void asked.push(resolve)),
    nextState: () =>
      new Promise<string>((resolve) => {
        const off = uplink.on("state", (_hub, state) => {
          off();
          resolve(state);
        });
      }),
  };
}

test("the trunk registers with its id and credentials, and the hub is up", async (t) => {
  const { uplink, requests, nextState } = uplinkTo(t, [answered(200)]);
  assert.deepEqual(uplink.hubsUp(), []);
  const state = nextState();
  await uplink.start();
  assert.equal(await state, "up");
  assert.deepEqual(
    uplink.hubsUp().map(({ hub }) => hub.id),
    [HUB_ID],
  );
  const [request] = requests;
  assert.equal(request?.uri, "sip:192.0.2.2:5060");
  assert.deepEqual(request?.headers, {
    From: "<sip:hk@acme>",
    To: "<sip:hk@acme>",
    Contact: "<sip:hk@localhost>",
    Expires: "60",
  });
  assert.deepEqual(request?.credentials, { realm: "acme", username: "hk", secret: "trunk-secret" });
});

test("it is refreshed at half of what was granted", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const granted = answered(200, { Contact: "<sip:hk@192.0.2.1:5060>;expires=40, <sip:hk@192.0.2.9>;expires=10" });
  const { uplink, requests, nextState, nextRequest } = uplinkTo(t, [granted]);
  const state = nextState();
  await uplink.start();
  await state;
  await new Promise((resolve) => setImmediate(resolve));
  const second = nextRequest();
  mock.timers.tick(19_999);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(requests.length, 1);
  mock.timers.tick(1);
  await second;
  assert.equal(requests.length, 2);
});

test("423 raises the expiry that is asked for", async (t) => {
  const { uplink, requests, nextState } = uplinkTo(t, [answered(423, { "Min-Expires": "600" }), answered(200)]);
  const down = nextState();
  await uplink.start();
  assert.equal(await down, "down");
  assert.equal(await nextState(), "up");
  assert.deepEqual(
    requests.map(({ headers }) => headers?.["Expires"]),
    ["60", "600"],
  );
});

test("a silent or refusing hub is down until it answers", async (t) => {
  const { uplink, nextState } = uplinkTo(t, [SILENT, answered(401), answered(200)]);
  const down = nextState();
  await uplink.start();
  assert.equal(await down, "down");
  assert.deepEqual(uplink.hubsUp(), []);
  assert.equal(await nextState(), "up");
});

test("a refresh does not wait for the pause to end", async (t) => {
  const { uplink, requests, nextState, nextRequest } = uplinkTo(t, [answered(200), SILENT, answered(200)]);
  const up = nextState();
  await uplink.start();
  await up;
  await new Promise((resolve) => setImmediate(resolve));
  const again = nextRequest();
  const down = nextState();
  uplink.refresh(HUB_ID);
  await again;
  assert.equal(await down, "down");
  assert.equal(requests.length, 2);
});

test("a hub that many calls find silent is asked once, and is down when that comes to nothing", async (t) => {
  const { uplink, requests, nextState } = uplinkTo(t, [answered(200), SILENT]);
  const up = nextState();
  await uplink.start();
  await up;
  await new Promise((resolve) => setImmediate(resolve));
  const down = nextState();
  for (let call = 0; call < 5; call += 1) {
    uplink.refresh(HUB_ID);
    await Promise.resolve();
  }
  assert.equal(await down, "down");
  assert.equal(requests.length, 2);
});

test("stop takes the registration back, and asks no more", async (t) => {
  const { uplink, requests, nextState } = uplinkTo(t, [answered(200)]);
  const up = nextState();
  await uplink.start();
  await up;
  await uplink.stop();
  assert.equal(requests.at(-1)?.headers?.["Expires"], "0");
  assert.equal(requests.length, 2);
});

test("stop does not ask a hub that is down", async (t) => {
  const { uplink, requests, nextState } = uplinkTo(t, [SILENT]);
  const down = nextState();
  await uplink.start();
  await down;
  const before = requests.length;
  await uplink.stop();
  assert.ok(requests.every(({ headers }) => headers?.["Expires"] !== "0"));
  assert.equal(requests.length, before);
});
