import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { SipPhone } from "@mss/call-control/testing";
import { parseNameAddress } from "@mss/sip-message";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import { branchSettings, openPhone, runBranch, startFederation, trunkUp } from "./support/federation.ts";
import { fields } from "./support/phones.ts";
import { LONDON } from "./support/settings.ts";

/* Busy lamps as desk phones ask for them, within a branch and through branch, hub and branch. */

const REFRESH_MS = 300;
const LIMITS = { lampRefreshMs: REFRESH_MS, lampRetrySeconds: 1, maxSubscriptionsPerWatcher: 3 };

function subscription(phone: SipPhone, number: string, more: Readonly<Record<string, string>> = {}) {
  const uri = phone.uriOf(number);
  const headers = fields({
    Contact: `<${phone.contact}>`,
    Event: "dialog",
    Accept: "application/dialog-info+xml",
    Expires: "600",
    ...more,
  });
  return { uri, to: `<${uri}>`, from: `<${phone.uriOf(phone.number)}>;tag=${phone.number}`, headers };
}

function subscribe(phone: SipPhone, number: string, more: Readonly<Record<string, string>> = {}): Promise<SipResponse> {
  return phone.exchange("SUBSCRIBE", subscription(phone, number, more));
}

const STATES: readonly (readonly [string, RegExp])[] = [
  ["ringing", /direction="recipient"><state>early<\/state>/],
  ["busy", /<state>confirmed<\/state>/],
  ["not registered", /<state event="rejected" code="480">terminated<\/state>/],
  ["unreachable", /<state event="error" code="503">terminated<\/state>/],
  ["idle", /entity="[^"]*"><\/dialog-info>/],
];

function shownBy(notify: SipRequest): readonly [string | undefined, string] {
  assert.equal(notify.headers.get("Content-Type"), "application/dialog-info+xml");
  const state = STATES.find(([, pattern]) => pattern.test(notify.body))?.[0];
  return [state, notify.headers.get("Subscription-State")?.replace(/;(?:expires|retry-after)=.*/, "") ?? ""];
}

const seen = new Set<string>();

/** The next NOTIFY that is not a repetition of one that the phone was slow to answer. */
async function nextNotify(phone: SipPhone): Promise<SipRequest> {
  for (;;) {
    const notify = await phone.next("NOTIFY");
    const key = `${notify.headers.get("Call-ID") ?? ""} ${notify.headers.get("CSeq") ?? ""}`;
    if (!seen.has(key)) {
      seen.add(key);
      return notify;
    }
  }
}

async function shown(phone: SipPhone): Promise<string | undefined> {
  const [state, subscriptionState] = shownBy(await nextNotify(phone));
  assert.equal(subscriptionState, "active");
  return state;
}

async function federationWithPhones(t: TestContext, subnet: number, numbers: readonly string[]) {
  const federation = await startFederation(t, { subnet, limits: LIMITS });
  const phones = await Promise.all(numbers.map((number, index) => openPhone(t, federation.net, number, 10 + index)));
  return { federation, phones };
}

async function threePhones(t: TestContext, subnet: number, numbers: readonly [string, string, string]) {
  const { federation, phones } = await federationWithPhones(t, subnet, numbers);
  const [alice, bob, carol] = phones;
  assert.ok(alice !== undefined && bob !== undefined && carol !== undefined);
  return { federation, alice, bob, carol };
}

for (const [where, subnet, numbers] of [
  ["of another branch", 53, ["1000", "4000", "4001"]],
  ["of the own branch", 54, ["1000", "1001", "4000"]],
] as const) {
  test(`a lamp ${where} shows: not registered, idle, ringing, busy, idle, not registered`, async (t) => {
    const { federation, alice, bob, carol } = await threePhones(t, subnet, numbers);
    const answer = await subscribe(alice, bob.number);
    assert.deepEqual([answer.status, answer.headers.get("Expires")], [200, "600"]);
    assert.equal(await shown(alice), "not registered");
    assert.equal((await bob.register()).status, 200);
    assert.equal(await shown(alice), "idle");

    const call = await carol.call(bob.number);
    const incoming = await bob.nextCall();
    incoming.ring();
    assert.equal(await shown(alice), "ringing");
    incoming.answer();
    assert.equal((await call.final).status, 200);
    assert.equal(await shown(alice), "busy");
    assert.equal((await call.bye()).status, 200);
    assert.equal(await shown(alice), "idle");

    const away = fields({ Contact: `<${bob.contact}>`, Expires: "0" });
    assert.equal((await bob.register({ headers: away })).status, 200);
    assert.equal(await shown(alice), "not registered");
    assert.equal(federation.records.length > 0 && federation.records.every(({ to }) => to === bob.number), true);
  });
}

test("who calls is busy, and a lamp that nobody watches any more is let go of at every node", async (t) => {
  const { alice, bob, carol } = await threePhones(t, 55, ["1000", "4000", "4001"]);
  assert.equal((await bob.register()).status, 200);
  assert.equal((await carol.register()).status, 200);
  const answer = await subscribe(alice, "4000", { Event: "dialog;id=7" });
  const first = await nextNotify(alice);
  assert.deepEqual([shownBy(first), first.headers.get("Event")], [["idle", "active"], "dialog;id=7"]);
  await bob.call("4001");
  assert.equal(await shown(alice), "busy");

  const within = {
    ...subscription(alice, "4000", { Expires: "0" }),
    uri: parseNameAddress(answer.headers.get("Contact") ?? "")?.uri ?? "",
    to: answer.headers.get("To") ?? "",
    callId: first.headers.get("Call-ID") ?? "",
  };
  assert.equal((await alice.send(alice.newRequest("SUBSCRIBE", within))).final.status, 200);
  assert.deepEqual(shownBy(await nextNotify(alice)), ["busy", "terminated;reason=timeout"]);
  (await carol.nextCall()).refuse(486);
  assert.equal((await alice.send(alice.newRequest("SUBSCRIBE", within))).final.status, 481);
});

test("a branch that is lost: its lamps go dark by themselves, and show again when it is back", async (t) => {
  const { federation, alice, bob, carol } = await threePhones(t, 56, ["1000", "4000", "1001"]);
  assert.equal((await bob.register()).status, 200);
  for (const phone of [alice, carol]) {
    await subscribe(phone, "4000");
    assert.equal(await shown(phone), "idle");
  }
  await federation.london.stop();
  for (const phone of [alice, carol]) {
    assert.deepEqual(shownBy(await nextNotify(phone)), ["unreachable", "terminated;reason=probation"]);
  }
  assert.equal((await subscribe(alice, "4000")).status, 200);
  assert.deepEqual(shownBy(await nextNotify(alice)), ["unreachable", "terminated;reason=probation"]);

  await trunkUp(await runBranch(t, branchSettings(LONDON, federation.net)));
  assert.equal((await subscribe(alice, "4000")).status, 200);
  assert.equal(await shown(alice), "not registered");
  assert.equal((await bob.register()).status, 200);
  assert.equal(await shown(alice), "idle");
});

test("a branch that stops tells its watchers to subscribe again", async (t) => {
  const { federation, alice } = await threePhones(t, 57, ["1000", "4000", "1001"]);
  await subscribe(alice, "1001");
  assert.equal(await shown(alice), "not registered");
  const last = nextNotify(alice);
  await federation.hk.stop();
  assert.equal(shownBy(await last)[1], "terminated;reason=deactivated");
});

test("what is not granted, and why", async (t) => {
  const { alice } = await threePhones(t, 58, ["1000", "4000", "1001"]);
  const unsigned = await alice.send(alice.newRequest("SUBSCRIBE", subscription(alice, "4000")));
  assert.equal(unsigned.final.status, 407);
  const brief = await subscribe(alice, "4000", { Expires: "30" });
  assert.deepEqual([brief.status, brief.headers.get("Min-Expires")], [423, "60"]);
  const presence = await subscribe(alice, "4000", { Event: "presence" });
  assert.deepEqual([presence.status, presence.headers.get("Allow-Events")], [489, "dialog"]);
  assert.equal((await subscribe(alice, "4000", { Accept: "application/pidf+xml" })).status, 406);
  assert.equal((await subscribe(alice, "1999")).status, 404);
  assert.equal((await subscribe(alice, "4999")).status, 404, "the other branch has no such number");
  assert.equal((await subscribe(alice, "9999")).status, 404);
  const asSomebodyElse = { ...subscription(alice, "4000"), from: `<${alice.uriOf("1001")}>;tag=1` };
  assert.equal((await alice.exchange("SUBSCRIBE", asSomebodyElse)).status, 403);
  assert.equal((await subscribe(alice, "4000", { Expires: "99999999" })).headers.get("Expires"), "600");
  for (const number of ["1001", "4001"]) {
    assert.equal((await subscribe(alice, number)).status, 200);
  }
  const full = await subscribe(alice, "1002");
  assert.deepEqual([full.status, full.headers.get("Retry-After")], [503, "5"]);
});

test("waiting messages: a mailbox tells a phone of another branch by NOTIFY", async (t) => {
  const { alice, bob } = await threePhones(t, 59, ["1000", "4000", "1001"]);
  assert.equal((await bob.register()).status, 200);
  const { uri, to, from } = subscription(alice, "4000");
  const headers = fields({
    Contact: `<${alice.contact}>`,
    Event: "message-summary",
    "Subscription-State": "terminated",
    "Content-Type": "application/simple-message-summary",
  });
  const body = "Messages-Waiting: yes\r\n";
  assert.equal((await alice.exchange("NOTIFY", { uri, to, from, headers, body })).status, 200);
  const notify = await bob.next("NOTIFY");
  assert.deepEqual([notify.body, notify.headers.get("Event")], [body, "message-summary"]);
  const other = {
    uri,
    to,
    from,
    headers: headers.map((one) => (one.name === "Event" ? { ...one, value: "talk" } : one)),
  };
  assert.equal((await alice.exchange("NOTIFY", other)).status, 405);
});
