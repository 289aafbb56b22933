import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipResponse } from "@mss/sip-message";
import { fields, twoPhones } from "./support/phones.ts";

/* Two ends that change the session at once, through branch, hub and branch. Who waits how long is RFC 3261 §14.1. */

const HOLD = "v=0\r\no=- 7 8 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 41000 RTP/AVP 8\r\n";
const CHANGE = { headers: fields({ "Content-Type": "application/sdp" }), body: HOLD };

for (const method of ["INVITE", "UPDATE"]) {
  test(`${method} of both ends at once: each is told 491, and the one that tries again is heard`, async (t) => {
    const { alice, bob } = await twoPhones(t, method === "INVITE" ? 47 : 48);
    const call = await alice.call("4000");
    const incoming = await bob.nextCall();
    incoming.answer();
    assert.equal((await call.final).status, 200);
    await bob.next("ACK");

    const contact = { name: "Contact", value: `<${bob.contact}>` };
    let crossing: Promise<SipResponse> | undefined;
    bob.answerTo = () => {
      crossing ??= incoming.send(method, { ...CHANGE, headers: [...CHANGE.headers, contact] });
      return { status: 491 }; // its own is on the way
    };
    const own = { ...CHANGE, headers: [...CHANGE.headers, { name: "Contact", value: `<${alice.contact}>` }] };
    assert.equal((await call.send(method, own)).status, 491);
    assert.equal((await crossing)?.status, 491);
    assert.equal((await bob.next(method)).body, HOLD);
    assert.equal(alice.unread(method), 0, "the other one did not get through");

    bob.answerTo = undefined;
    assert.equal((await incoming.send(method, { ...CHANGE, headers: [...CHANGE.headers, contact] })).status, 200);
    assert.equal((await alice.next(method)).body, HOLD);
    assert.equal((await call.send(method, own)).status, 200);
    assert.equal((await bob.next(method)).body, HOLD);
    assert.equal((await call.bye()).status, 200);
    await bob.next("BYE");
  });
}
