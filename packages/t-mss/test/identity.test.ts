import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipRequest } from "@mss/sip-message";
import { fields as headers, twoPhones } from "./support/phones.ts";

/* Who calls, why it ended, and by which way it came: from phone to phone through branch, hub and branch. */

const IDENTITY = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "History-Info"];

function shownBy(invite: SipRequest): readonly (string | undefined)[] {
  return [invite.headers.get("From")?.replace(/@.*/s, ""), ...IDENTITY.map((name) => invite.headers.get(name))];
}

const NOTHING = IDENTITY.map(() => undefined);
const LIES = Object.fromEntries(IDENTITY.map((name) => [name, `"The Boss" <sip:1999@acme>`]));

test("what a phone says of itself goes no further; the callee sees what the branch knows", async (t) => {
  const { alice, bob } = await twoPhones(t, 40);
  await alice.call("4000", { headers: headers(LIES) });
  const incoming = await bob.nextCall();
  assert.deepEqual(shownBy(incoming.request), ['"Phone 1000" <sip:1000', ...NOTHING]);
  incoming.refuse(486);
});

test("a caller that asks to be hidden is anonymous to the callee, and known to the nodes on the way", async (t) => {
  const { federation, alice, bob } = await twoPhones(t, 41);
  const anonymous = { from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1' };
  for (const privately of [{ headers: headers({ Privacy: "id" }) }, anonymous]) {
    const call = await alice.call("4000", privately);
    const incoming = await bob.nextCall();
    assert.deepEqual(shownBy(incoming.request), ['"Anonymous" <sip:anonymous', ...NOTHING]);
    assert.match(incoming.request.headers.get("From") ?? "", /@anonymous\.invalid>/);
    assert.equal(incoming.request.headers.get("Privacy"), "id");
    assert.doesNotMatch(incoming.request.headers.get("Contact") ?? "", /1000/);
    for (const node of [federation.hk, federation.hub, federation.london]) {
      assert.equal(node.activeCalls()[0]?.from, "1000");
    }
    incoming.refuse(486);
    assert.equal((await call.final).status, 486);
  }
});

test("why a call ended goes to the other end: of BYE, CANCEL and a refusal", async (t) => {
  const { alice, bob } = await twoPhones(t, 42);
  const refused = await alice.call("4000");
  (await bob.nextCall()).refuse(486, headers({ Reason: 'Q.850;cause=17;text="Engaged"' }));
  const refusal = await refused.final;
  assert.deepEqual([refusal.status, refusal.headers.get("Reason")], [486, 'Q.850;cause=17;text="Engaged"']);

  const cancelled = await alice.call("4000");
  const ringing = await bob.nextCall();
  ringing.ring();
  await cancelled.provisional(180);
  cancelled.cancel(headers({ Reason: 'Q.850;cause=16;text="Gave up"' }));
  const cancel = await ringing.cancelled;
  assert.equal(cancel.headers.get("Reason"), 'Q.850;cause=16;text="Gave up"');
  assert.equal((await cancelled.final).status, 487);

  const call = await alice.call("4000");
  const incoming = await bob.nextCall();
  incoming.answer();
  assert.equal((await call.final).status, 200);
  const reason = 'SIP;cause=200;text="Bye now", Q.850;cause=31';
  assert.equal((await incoming.send("BYE", { headers: headers({ Reason: reason }) })).status, 200);
  const bye = await alice.next("BYE");
  assert.deepEqual(bye.headers.all("Reason").join(", "), reason);
});
