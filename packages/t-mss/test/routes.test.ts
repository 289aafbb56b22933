import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { SipPhone } from "@mss/call-control/testing";
import type { BranchSettings, Snapshot } from "@mss/model";
import { parseNameAddress } from "@mss/sip-message";
import { hashedSnapshot } from "@mss/topology";
import { openPhone, startFederation } from "./support/federation.ts";
import type { Federation } from "./support/federation.ts";
import { HK, LONDON, snapshotOf } from "./support/settings.ts";

type Rules = Partial<Pick<Snapshot, "routes" | "blocked" | "calendars">>;

interface Scene {
  readonly federation: Federation;
  readonly alice: SipPhone;
  readonly bob: SipPhone;
}

/** Alice (1000) in Hong Kong and Bob (4000) in London, both registered, and a hub with these rules. */
async function scene(
  t: TestContext,
  subnet: number,
  rules: Rules,
  branches: Parameters<typeof snapshotOf>[0] & { readonly settings?: Record<string, Partial<BranchSettings>> } = {},
): Promise<Scene> {
  const { settings = {}, ...snapshotBranches } = branches;
  const { hash: _hash, ...contents } = snapshotOf(snapshotBranches);
  const snapshot = hashedSnapshot({ ...contents, ...rules });
  const federation = await startFederation(t, { subnet, hub: { snapshot }, branches: settings });
  const alice = await openPhone(t, federation.net, "1000", 10);
  const bob = await openPhone(t, federation.net, "4000", 11);
  assert.equal((await alice.register()).status, 200);
  assert.equal((await bob.register()).status, 200);
  return { federation, alice, bob };
}

/** The caller that a callee's phone is shown. */
async function answeredCaller(callee: SipPhone): Promise<string | undefined> {
  const incoming = await callee.nextCall();
  incoming.answer();
  const from = parseNameAddress(incoming.request.headers.get("From") ?? "");
  return `${from?.displayName} ${/^sip:(\d+)@/.exec(from?.uri ?? "")?.[1]}`;
}

test("a route strips and prepends, and the callee can call back what it sees", async (t) => {
  const { alice, bob } = await scene(t, 60, {
    routes: [
      { id: "access", numbers: ["7xxxx"], to: [{ strip: 1 }], caller: { prepend: "7" } },
      { id: "old", numbers: ["66xx"], to: [{ strip: 2, prepend: "40" }] },
    ],
  });
  const call = await alice.call("74000");
  assert.equal(await answeredCaller(bob), "Phone 1000 71000");
  assert.equal((await call.final).status, 200);
  await call.bye();
  await bob.next("BYE");

  const back = await bob.call("71000");
  assert.equal(await answeredCaller(alice), "Phone 4000 74000");
  assert.equal((await back.final).status, 200);
  await back.bye();
  await alice.next("BYE");

  const old = await alice.call("6600");
  assert.equal(await answeredCaller(bob), "Phone 1000 1000");
  assert.equal((await old.final).status, 200);
  await old.bye();
});

test("a branch with a site code is called with it, has phones without it, and is shown with it", async (t) => {
  const { alice, bob } = await scene(
    t,
    61,
    {},
    { london: { numbers: ["8400x"], siteCode: "8" }, settings: { [LONDON]: { siteCode: "8", numbers: ["400x"] } } },
  );
  const call = await alice.call("84000");
  assert.equal(await answeredCaller(bob), "Phone 1000 1000");
  assert.equal((await call.final).status, 200);
  await call.bye();
  await bob.next("BYE");
  assert.equal((await (await alice.call("4000")).final).status, 404);

  const back = await bob.call("1000");
  assert.equal(await answeredCaller(alice), "Phone 4000 84000");
  assert.equal((await back.final).status, 200);
  await back.bye();
});

test("a route holds at the hours of its calendar, by the clock of its site", async (t) => {
  const { alice, bob } = await scene(
    t,
    62,
    {
      calendars: [{ id: "now", site: HK, open: [aroundNow("Asia/Hong_Kong")] }],
      routes: [
        { id: "open", numbers: ["8000"], when: "now", to: [{ number: "4000" }] },
        { id: "closed", numbers: ["8000"], when: "not now", to: [{ number: "9999" }] },
        { id: "elsewhere", numbers: ["8001"], when: "not now", to: [{ number: "4000" }] },
      ],
    },
    { hk: { timeZone: "Asia/Hong_Kong" } },
  );
  const call = await alice.call("8000");
  await answeredCaller(bob);
  assert.equal((await call.final).status, 200);
  await call.bye();
  assert.equal((await (await alice.call("8001")).final).status, 404);
});

/** From three hours ago to in three hours, as a clock in that zone shows it. */
function aroundNow(timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  const [start, end] = [-3, 3].map((hours) => format.format(Date.now() + hours * 3_600_000));
  return `daily ${start}-${end}`;
}

test("a route may be for calls from one branch, and lead back into it", async (t) => {
  const { alice, bob } = await scene(t, 63, {
    routes: [{ id: "desk", numbers: ["8000"], from: [LONDON], to: [{ number: "4000" }] }],
  });
  assert.equal((await (await alice.call("8000")).final).status, 404);
  const other = await openPhone(t, "127.17.63", "4001", 12);
  assert.equal((await other.register()).status, 200);
  const call = await other.call("8000");
  assert.equal(await answeredCaller(bob), "Phone 4001 4001");
  assert.equal((await call.final).status, 200);
  await call.bye();
});

test("the next target is tried when the branch of the first is away", async (t) => {
  const { alice, bob } = await scene(t, 64, {
    routes: [{ id: "support", numbers: ["8000"], to: [{ number: "5000" }, { number: "4000", priority: 2 }] }],
  });
  const call = await alice.call("8000");
  await answeredCaller(bob);
  assert.equal((await call.final).status, 200);
  await call.bye();
});

test("a full trunk of the first target leads to the next", async (t) => {
  const { alice, bob, federation } = await scene(
    t,
    65,
    { routes: [{ id: "support", numbers: ["8000"], to: [{ number: "4000" }, { number: "1001", priority: 2 }] }] },
    { london: { maxCalls: 1 } },
  );
  const second = await openPhone(t, federation.net, "1001", 12);
  assert.equal((await second.register()).status, 200);
  const first = await alice.call("8000");
  await answeredCaller(bob);
  assert.equal((await first.final).status, 200);
  const overflow = await alice.call("8000");
  await answeredCaller(second);
  assert.equal((await overflow.final).status, 200);
  await overflow.bye();
  await first.bye();
});

test("blocked numbers are 403 for whom they are blocked, and the exceptions are not", async (t) => {
  const { alice, bob, federation } = await scene(t, 66, {
    blocked: [{ id: "london", numbers: ["4*"], except: ["4000"], from: [HK] }],
  });
  const final = await (await alice.call("4001")).final;
  assert.equal(final.status, 403);
  assert.match(final.headers.get("Reason") ?? "", /cause=57/);
  assert.equal((await federation.recordOf("hub-1")).code, "NOT_PERMITTED");
  const call = await alice.call("4000");
  await answeredCaller(bob);
  assert.equal((await call.final).status, 200);
  await call.bye();
});

test("an emergency number is never taken by the hub from the branch that has it, whoever else owns it", async (t) => {
  const { alice, bob } = await scene(t, 67, {}, { hk: { emergency: ["5999"] } });
  assert.equal((await (await alice.call("5999")).final).status, 403);
  assert.equal((await (await bob.call("5999")).final).status, 503);
});
