import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, test } from "node:test";
import { SDP, SDP_TYPE, branchOf } from "../support/peer/peer.ts";
import type { RequestParts } from "../support/peer/peer.ts";
import { tagOf } from "../support/peer/message.ts";
import { Phone } from "./support/phone.ts";
import type { Call } from "./support/phone.ts";
import { outcome } from "./support/outcome.ts";
import { startSite } from "./support/site.ts";

const site = await startSite({ net: 3 });
const alice = await site.phone("1000");
const bob = await site.phone("1001");
const carol = await site.phone("4000");

afterEach(async () => {
  for (const { number, peer } of [alice, bob, carol]) {
    assert.deepEqual(peer.unreadRequests, [], `nothing else reaches ${number}`);
  }
  await site.stillServes();
});

const IN_DIALOG = ["INVITE", "UPDATE", "REFER", "INFO", "MESSAGE", "OPTIONS", "NOTIFY", "BYE", "SUBSCRIBE", "PRACK"];
const HEADERS = [SDP_TYPE, "Refer-To: <sip:4000@example.org>", "Event: refer", "RAck: 1 1 INVITE"];

function otherTag(value: string): string {
  return value.replace(/;tag=.*/, `;tag=${randomBytes(8).toString("hex")}`);
}

/** What the caller's phone would send within its call. */
function within({ callerDialog }: Call, more: RequestParts = {}): RequestParts {
  const { target, local, remote, callId, sequence } = callerDialog;
  return { uri: target, from: local, to: remote, callId, sequence: sequence + 1, headers: HEADERS, body: SDP, ...more };
}

test("SEC-04: a To tag of no call makes no request one that is within a call", async () => {
  const stranger = await site.stranger();
  const uri = alice.uriOf("1001");
  for (const method of IN_DIALOG) {
    const to = `<${uri}>;tag=${randomBytes(8).toString("hex")}`;
    const final = await outcome(stranger, method, { uri, to, headers: HEADERS, body: SDP });
    assert.equal(final.status, 481, method);
  }
});

test("SEC-04: what has the Call-ID of a call, but not both of its tags, is not within it", async () => {
  const call = await alice.call(bob);
  const { local, remote } = call.callerDialog;
  for (const by of [await site.stranger(), alice.peer]) {
    for (const method of IN_DIALOG) {
      for (const tags of [
        { to: otherTag(remote) },
        { from: otherTag(local) },
        { from: remote, to: local },
        { from: local, to: remote.toUpperCase().replace(";TAG=", ";tag=") },
      ]) {
        assert.equal((await outcome(by, method, within(call, tags))).status, 481, `${method} ${JSON.stringify(tags)}`);
      }
    }
  }
  await call.hangUp();
});

test("SEC-04: what has everything of a call, but comes from somewhere else, is not within it", async () => {
  for (const other of [bob, carol]) {
    const call = await alice.call(other);
    for (const transport of ["udp", "tcp"] as const) {
      const thief = await site.stranger({ transport });
      for (const method of IN_DIALOG) {
        assert.equal((await outcome(thief, method, within(call))).status, 481, `${method} over ${transport}`);
      }
      thief.request("ACK", within(call, { sequence: call.callerDialog.inviteSequence }));
    }
    await call.hangUp();
  }
});

test("SEC-04: a phone that has got another address is in its call when it has registered there", async () => {
  const call = await alice.call(bob);
  const moved = await site.stranger();
  const { host, port } = moved.address;
  const contact = `<sip:1000@${host}:${port}>`;
  const parts = within(call, { contact, headers: [SDP_TYPE] });
  assert.equal((await outcome(moved, "UPDATE", parts)).status, 481, "before");
  await new Phone(moved, alice.account).register();
  const update = moved.request("UPDATE", { ...parts, sequence: call.callerDialog.sequence + 2 });
  bob.peer.respond(await bob.peer.next("UPDATE"), "200 OK", { headers: [SDP_TYPE], body: SDP });
  assert.equal((await moved.final(update)).status, 200, "after");
  const bye = moved.request("BYE", within(call, { sequence: call.callerDialog.sequence + 3, headers: [], body: "" }));
  bob.peer.respond(await bob.peer.next("BYE"), "200 OK");
  assert.equal((await moved.final(bye)).status, 200);
});

test("SEC-04: REFER within a call leads where its sender may call, and nowhere else", async () => {
  const call = await alice.call(bob);
  for (const number of ["900123456", "4999", "1999"]) {
    const refer = alice.peer.within(call.callerDialog, "REFER", {
      headers: [`Refer-To: <sip:${number}@${site.hosts.london}>`],
    });
    const final = await alice.peer.final(refer);
    assert.ok(final.status === 202 || (final.status ?? 0) >= 400, final.startLine);
    if (final.status === 202) {
      for (let last = ""; !last.includes("terminated");) {
        const notify = await alice.peer.next("NOTIFY");
        alice.peer.respond(notify, "200 OK");
        last = notify.get("Subscription-State");
        assert.doesNotMatch(notify.body, /^SIP\/2\.0 2/);
      }
    }
  }
  await call.hangUp();
});

/** Alice calls Bob, whose phone rings. */
async function ringing() {
  const parts = alice.inviteParts("1001");
  const first = alice.peer.request("INVITE", parts);
  const invite = alice.answer(first, await alice.peer.final(first), parts);
  const atBob = await bob.peer.next("INVITE");
  bob.peer.respond(atBob, "180 Ringing", { tag: "ringing" });
  await alice.peer.answer(invite, 180);
  return { invite, atBob, parts };
}

test("SEC-40: a CANCEL that is not of the very transaction cancels nothing", async () => {
  const { invite, atBob } = await ringing();
  const thief = await site.stranger();
  const neighbour = await site.stranger({ host: alice.peer.address.host });
  const otherBranch = `z9hG4bK${randomBytes(8).toString("hex")}`;
  for (const [by, branch] of [
    [thief, otherBranch],
    [thief, branchOf(invite)],
    [neighbour, otherBranch],
    [alice.peer, otherBranch],
  ] as const) {
    const cancel = by.ofInvite("CANCEL", invite, { branch });
    assert.equal((await by.final(cancel)).status, 481);
  }
  bob.peer.respond(atBob, "486 Busy Here", { tag: "ringing" });
  await bob.peer.next("ACK");
  const final = await alice.peer.final(invite);
  assert.equal(final.status, 486);
  alice.peer.ofInvite("ACK", invite, { to: final.get("To") });
});

test("SEC-40: an answer to a branch that is not ours changes nothing", async () => {
  const { invite, atBob } = await ringing();
  const thief = await site.stranger();
  const branch = branchOf(atBob);
  const guesses = [
    branch.slice(0, -1) + (branch.endsWith("0") ? "1" : "0"),
    branch.slice(0, -1),
    `${branch}0`,
    "z9hG4bK",
    `z9hG4bK${randomBytes(16).toString("hex")}`,
  ];
  for (const line of ["200 OK", "486 Busy Here", "603 Decline", "301 Moved Permanently"]) {
    for (const guess of guesses) {
      const text = thief.responseText(atBob, line, {
        tag: "thief",
        headers: ["Contact: <sip:thief@127.21.3.250>", SDP_TYPE],
        contact: false,
        body: SDP,
      });
      thief.send(text.replace(branch, guess), { host: site.hosts.hk, port: 5060 });
      bob.peer.send(text.replace(branch, guess), { host: site.hosts.hk, port: 5060 });
    }
  }
  await outcome(thief, "CANCEL", {});
  await outcome(bob.peer, "CANCEL", {});
  // Who has seen the whole call may pass for a fork that answers late, which is hung up (RFC 3261 §13.2.2.4).
  const methods = new Set([...thief.unreadRequests, ...bob.peer.unreadRequests].map((line) => line.split(" ")[0]));
  assert.deepEqual(methods, new Set(["ACK", "BYE"]));
  bob.peer.forget();
  bob.peer.respond(atBob, "486 Busy Here", { tag: "ringing" });
  await bob.peer.next("ACK");
  const final = await alice.peer.final(invite);
  assert.equal(final.status, 486);
  alice.peer.ofInvite("ACK", invite, { to: final.get("To") });
});

test("SEC-40: tags, branches and Call-IDs of ours are never the same, and have 64 bits at least that nobody guesses", async () => {
  const seen = new Set<string>();
  const rounds = 12;
  for (let round = 0; round < rounds; round += 1) {
    const call = await alice.call(bob);
    const { remote } = call.callerDialog;
    const { remote: from, callId } = call.calleeDialog;
    for (const id of [tagOf(remote), tagOf(from), callId]) {
      assert.ok(new Set(id).size >= 6 && id.length >= 11, id); // 64 bits are 11 characters of base64, 16 of hex
      seen.add(id);
    }
    await call.hangUp();
  }
  assert.equal(seen.size, 3 * rounds);
});
