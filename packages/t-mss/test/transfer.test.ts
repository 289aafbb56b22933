import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { IncomingCall, OutgoingCall, SipPhone } from "@mss/call-control/testing";
import { parseNameAddress, tagOf } from "@mss/sip-message";
import type { SipRequest } from "@mss/sip-message";
import { branchSettings, openPhone, runBranch, startFederation, trunkUp } from "./support/federation.ts";
import type { Federation } from "./support/federation.ts";
import { PARIS } from "./support/settings.ts";

/*
 * Alice talks with Bob and gives him to Carol. In each test the three are in other branches; the REFER ends at the branch
 * of who sends it.
 */

async function registered(t: TestContext, { net }: Federation, numbers: readonly string[]): Promise<SipPhone[]> {
  const phones = await Promise.all(numbers.map((number, index) => openPhone(t, net, number, 10 + index)));
  for (const phone of phones) {
    assert.equal((await phone.register()).status, 200);
  }
  return phones;
}

async function three(t: TestContext, federation: Federation, numbers: readonly [string, string, string]) {
  const [alice, bob, carol] = await registered(t, federation, numbers);
  assert.ok(alice !== undefined && bob !== undefined && carol !== undefined);
  return { alice, bob, carol };
}

async function talk(from: SipPhone, to: SipPhone): Promise<{ readonly call: OutgoingCall; incoming: IncomingCall }> {
  const call = await from.call(to.number);
  const incoming = await to.nextCall();
  incoming.answer();
  assert.equal((await call.final).status, 200);
  await to.next("ACK");
  return { call, incoming };
}

function referTo(uri: string): { readonly headers: readonly { name: string; value: string }[] } {
  return { headers: [{ name: "Refer-To", value: uri }] };
}

/** What the NOTIFY of a transfer says: its status line and its state. */
function toldBy(notify: SipRequest): readonly [string, string] {
  assert.match(notify.headers.get("Event") ?? "", /^refer;id=[0-9]+$/);
  return [notify.body.trim(), notify.headers.get("Subscription-State") ?? ""];
}

async function toldFinally(phone: SipPhone): Promise<string> {
  for (;;) {
    const [line, state] = toldBy(await phone.next("NOTIFY"));
    if (state.startsWith("terminated")) {
      return line;
    }
  }
}

/** Each has got the session description of the other; both can hang up on each other. */
async function assertConnected(
  transferee: SipPhone,
  target: SipPhone,
  incoming: IncomingCall,
  bye: () => Promise<unknown>,
): Promise<void> {
  const reinvite = await nextReinvite(transferee);
  assert.equal(reinvite.body, target.sessionDescription);
  const ack = await target.next("ACK");
  assert.equal(ack.body, transferee.sessionDescription);
  assert.equal(incoming.request.body, "");
  await bye();
}

async function nextReinvite(phone: SipPhone): Promise<SipRequest> {
  for (;;) {
    const invite = await phone.next("INVITE");
    if (tagOf(invite.headers.get("To") ?? "") !== undefined) {
      return invite;
    }
  }
}

const PLACES: readonly (readonly [string, readonly [string, string, string]])[] = [
  ["all in one branch", ["1000", "1001", "1002"]],
  ["the transferee in another branch", ["1000", "4000", "1001"]],
  ["the target in another branch", ["1000", "1001", "4000"]],
  ["transferee and target in the same other branch", ["1000", "4000", "4001"]],
  ["each in a branch of its own", ["1000", "4000", "5000"]],
];

for (const [index, [where, numbers]] of PLACES.entries()) {
  test(`blind transfer, ${where}: the called one is put through, and all ends with them`, async (t) => {
    const federation = await startFederation(t, { subnet: 60 + index });
    if (numbers.some((number) => number.startsWith("5"))) {
      await trunkUp(await runBranch(t, branchSettings(PARIS, federation.net)));
    }
    const { alice, bob, carol } = await three(t, federation, numbers);
    const { call, incoming: atBob } = await talk(alice, bob);
    assert.equal((await call.send("REFER", referTo(`<${alice.uriOf(carol.number)}>`))).status, 202);
    const atCarol = await carol.nextCall();
    const shown = parseNameAddress(atCarol.request.headers.get("From") ?? "");
    assert.match(shown?.uri ?? "", new RegExp(`^sip:${bob.number}@`), "Carol sees who is put through");
    atCarol.ring();
    assert.deepEqual(toldBy(await alice.next("NOTIFY"))[0], "SIP/2.0 100 Trying");
    assert.deepEqual(toldBy(await alice.next("NOTIFY"))[0], "SIP/2.0 180 Ringing");
    atCarol.answer();
    assert.equal(await toldFinally(alice), "SIP/2.0 200 OK");
    await assertConnected(bob, carol, atCarol, async () => {
      assert.equal((await call.bye()).status, 200);
      assert.equal(bob.unread("BYE"), 0, "Alice leaves alone");
      assert.equal((await atBob.bye()).status, 200);
      await carol.next("BYE");
    });
    const records = federation.records.filter(({ node }) => node === "hk");
    assert.deepEqual(
      records.map(({ from, to, transferredBy, result, endedBy }) => ({ from, to, transferredBy, result, endedBy })),
      [
        { from: "1000", to: bob.number, transferredBy: undefined, result: "answered", endedBy: "caller" },
        { from: bob.number, to: carol.number, transferredBy: "extension:1000", result: "answered", endedBy: "caller" },
      ],
    );
    assert.equal(records[0]?.sessionId, records[1]?.sessionId);
  });
}

test("the called one transfers, and the target hangs up", async (t) => {
  const federation = await startFederation(t, { subnet: 66 });
  const { alice, bob, carol } = await three(t, federation, ["1000", "4000", "4001"]);
  const { call, incoming } = await talk(alice, bob);
  assert.equal((await incoming.send("REFER", referTo(`<${bob.uriOf("4001")}>`))).status, 202);
  const atCarol = await carol.nextCall();
  atCarol.answer();
  assert.equal(await toldFinally(bob), "SIP/2.0 200 OK");
  await assertConnected(alice, carol, atCarol, async () => {
    const bye = alice.next("BYE");
    assert.equal((await atCarol.bye()).status, 200);
    await bye;
  });
  await bob.next("BYE"); // Bob did not hang up by himself
  assert.equal((await call.send("INFO")).status, 481);
});

test("the transferor may hang up before the target answers", async (t) => {
  const federation = await startFederation(t, { subnet: 67 });
  const { alice, bob, carol } = await three(t, federation, ["1000", "4000", "1001"]);
  const { call, incoming: atBob } = await talk(alice, bob);
  assert.equal((await call.send("REFER", referTo(`<${alice.uriOf("1001")}>`))).status, 202);
  const atCarol = await carol.nextCall();
  atCarol.ring();
  assert.equal((await call.bye()).status, 200);
  assert.equal(bob.unread("BYE"), 0);
  atCarol.answer();
  await assertConnected(bob, carol, atCarol, async () => {
    assert.equal((await atBob.bye()).status, 200);
    await carol.next("BYE");
  });
});

test("a target that is busy: the transferor hears of it and both go on talking", async (t) => {
  const federation = await startFederation(t, { subnet: 68 });
  const { alice, bob, carol } = await three(t, federation, ["1000", "4000", "1001"]);
  const { call } = await talk(alice, bob);
  assert.equal((await call.send("REFER", referTo(`<${alice.uriOf("1001")}>`))).status, 202);
  (await carol.nextCall()).refuse(486);
  assert.equal(await toldFinally(alice), "SIP/2.0 486 callee is busy");
  assert.equal((await call.send("INFO")).status, 200);
  await bob.next("INFO");
  assert.equal((await call.send("REFER", referTo(`<${alice.uriOf("1999")}>`))).status, 202);
  assert.equal(await toldFinally(alice), "SIP/2.0 404 nobody has this number");
  assert.equal((await call.bye()).status, 200);
  await bob.next("BYE");
});

test("a target that refuses after the transferor has left: nobody is left hanging", async (t) => {
  const federation = await startFederation(t, { subnet: 69 });
  const { alice, bob, carol } = await three(t, federation, ["1000", "4000", "1001"]);
  const { call } = await talk(alice, bob);
  assert.equal((await call.send("REFER", referTo(`<${alice.uriOf("1001")}>`))).status, 202);
  const atCarol = await carol.nextCall();
  assert.equal((await call.bye()).status, 200);
  atCarol.refuse(603);
  await bob.next("BYE");
});

test("the transferee hangs up while the target rings: the target stops to ring", async (t) => {
  const federation = await startFederation(t, { subnet: 70 });
  const { alice, bob, carol } = await three(t, federation, ["1000", "4000", "1001"]);
  const { call, incoming: atBob } = await talk(alice, bob);
  assert.equal((await call.send("REFER", referTo(`<${alice.uriOf("1001")}>`))).status, 202);
  const atCarol = await carol.nextCall();
  atCarol.ring();
  assert.equal((await atBob.bye()).status, 200);
  await atCarol.cancelled;
  await alice.next("BYE");
});

for (const [index, [where, numbers]] of PLACES.entries()) {
  test(`attended transfer, ${where}`, async (t) => {
    const federation = await startFederation(t, { subnet: 71 + index });
    if (numbers.some((number) => number.startsWith("5"))) {
      await trunkUp(await runBranch(t, branchSettings(PARIS, federation.net)));
    }
    const { alice, bob, carol } = await three(t, federation, numbers);
    const first = await talk(alice, bob);
    const second = await talk(alice, carol);
    const answer = await second.call.final;
    const replaces = [
      second.call.request.headers.get("Call-ID") ?? "",
      `to-tag=${tagOf(answer.headers.get("To") ?? "") ?? ""}`,
      `from-tag=${tagOf(second.call.request.headers.get("From") ?? "") ?? ""}`,
    ].join(";");
    const uri = `<${alice.uriOf(carol.number)}?Replaces=${encodeURIComponent(replaces)}>`;
    assert.equal((await first.call.send("REFER", referTo(uri))).status, 202);
    assert.equal((await nextReinvite(carol)).body, "", "Carol is asked for an offer");
    assert.equal((await nextReinvite(bob)).body, carol.sessionDescription);
    assert.equal((await carol.next("ACK")).body, bob.sessionDescription);
    assert.equal(await toldFinally(alice), "SIP/2.0 200 OK");
    assert.equal((await first.call.bye()).status, 200);
    assert.equal((await second.call.bye()).status, 200);
    assert.deepEqual([bob.unread("BYE"), carol.unread("BYE")], [0, 0]);
    assert.equal((await second.incoming.bye()).status, 200);
    await bob.next("BYE");
  });
}

test("what may not be transferred, and what is no transfer, is refused", async (t) => {
  const federation = await startFederation(t, { subnet: 77 });
  const { alice, bob } = await three(t, federation, ["1000", "4000", "1001"]);
  const { call } = await talk(alice, bob);
  const refusals: readonly (readonly [string, number])[] = [
    ["", 400],
    ["<http://127.0.0.1/>", 416],
    [`<${alice.uriOf("1001")};method=BYE>`, 405],
    [`<sip:127.0.0.1>`, 404],
    [`<${alice.uriOf("1001")}?Replaces=nonsense>`, 400],
    [`<${alice.uriOf("1001")}?Replaces=${encodeURIComponent("a;to-tag=b;from-tag=c")}>`, 404],
  ];
  for (const [uri, status] of refusals) {
    const fields = uri === "" ? {} : referTo(uri);
    assert.equal((await call.send("REFER", fields)).status, status, uri);
  }
  assert.equal((await call.bye()).status, 200);
});
