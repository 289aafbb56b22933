import assert from "node:assert/strict";
import type { Application, ProxyOptions, ProxyResults } from "../support/application.ts";
import { sendInvite } from "../support/calls.ts";
import type { ConformanceCase } from "../support/cases.ts";
import { dialogOfCallee, dialogOfCaller } from "../../support/peer/peer-dialog.ts";
import type { WireMessage } from "../../support/peer/message.ts";
import { SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { Peer } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";
import { inTime } from "../../support/peer/waiting.ts";

/** Requests that an application sends on without being a party of the call. */
export const PROXY: readonly ConformanceCase[] = [
  {
    name: "an INVITE is proxied with its Call-ID and tags, one Via more and one hop less; ACK and BYE go around",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 1);
      const [callee] = targets;
      const forwarded = await callee.next("INVITE");
      for (const name of ["Call-ID", "From", "To", "CSeq", "Contact"]) {
        assert.equal(forwarded.get(name), invite.get(name), name);
      }
      assert.equal(forwarded.body, SDP);
      assert.equal(viasOf(forwarded).length, 2);
      assert.equal(forwarded.get("Max-Forwards"), "69");
      assert.deepEqual(forwarded.all("Record-Route"), []);
      callee.respond(forwarded, "180 Ringing", { tag: "callee" });
      const ringing = await caller.answer(invite, 180);
      assert.equal(viasOf(ringing).length, 1);
      const ok = callee.respond(forwarded, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
      const answer = await caller.final(invite);
      assert.equal(answer.get("Contact"), ok.get("Contact"));
      assert.equal(answer.body, SDP);
      const results = await done;
      assert.equal(results.connected, true);
      assert.equal(results.finalStatus, 200);
    },
  },
  {
    name: "with remainInDialog ACK and BYE come through, by Record-Route",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 1, { remainInDialog: true });
      const [callee] = targets;
      const forwarded = await callee.next("INVITE");
      assert.notDeepEqual(forwarded.all("Record-Route"), []);
      const ok = callee.respond(forwarded, "200 OK", { tag: "callee", headers: [SDP_TYPE], body: SDP });
      const answer = await caller.final(invite);
      await done;
      const callerDialog = dialogOfCaller(invite, answer);
      assert.ok(callerDialog.routes.length > 0);
      caller.within(callerDialog, "ACK");
      assert.equal((await callee.next("ACK")).get("Call-ID"), invite.get("Call-ID"));
      const bye = callee.within(dialogOfCallee(forwarded, ok), "BYE");
      const relayed = await caller.next("BYE");
      assert.equal(viasOf(relayed).length, 2);
      caller.respond(relayed, "200 OK");
      assert.equal((await callee.final(bye)).status, 200);
    },
  },
  {
    name: "one target after the other: the next is tried when one refuses",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 2);
      const [first, second] = targets;
      await refuse(first, "480 Temporarily Unavailable");
      const forwarded = await second.next("INVITE");
      second.respond(forwarded, "200 OK", { tag: "second", headers: [SDP_TYPE], body: SDP });
      assert.equal((await caller.final(invite)).status, 200);
      assert.equal((await done).finalStatus, 200);
    },
  },
  {
    name: "one target after the other: when all refuse, the caller hears it and acknowledges",
    run: async (rig) => {
      const { app, caller, targets, invite, done } = await proxied(rig, 2);
      for (const target of targets) {
        await refuse(target, "486 Busy Here");
      }
      const answer = await caller.final(invite);
      assert.equal(answer.status, 486);
      caller.ofInvite("ACK", invite, { to: answer.get("To") });
      const results = await done;
      assert.equal(results.connected, false);
      assert.equal(results.finalStatus, 486);
      await rig.nothingElseCame(app, caller, ...targets);
    },
  },
  {
    name: "all targets at once: the first that answers has the call, the others are cancelled",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 2, { forking: "simultaneous" });
      const [first, second] = targets;
      const [one, two] = await Promise.all([first.next("INVITE"), second.next("INVITE")]);
      first.respond(one, "180 Ringing", { tag: "first" });
      second.respond(two, "180 Ringing", { tag: "second" });
      await caller.answer(invite, 180);
      second.respond(two, "200 OK", { tag: "second", headers: [SDP_TYPE], body: SDP });
      assert.equal((await caller.final(invite)).status, 200);
      await isCancelled(first, one);
      assert.equal((await done).connected, true);
    },
  },
  {
    name: "a redirect is followed when the application asks for it",
    run: async (rig) => {
      const elsewhere = await rig.peer();
      const { caller, targets, invite, done } = await proxied(rig, 1, { followRedirects: true });
      const [first] = targets;
      await refuse(first, "302 Moved Temporarily", `<${elsewhere.uri}>`);
      const forwarded = await elsewhere.next("INVITE");
      elsewhere.respond(forwarded, "200 OK", { tag: "elsewhere", headers: [SDP_TYPE], body: SDP });
      assert.equal((await caller.final(invite)).status, 200);
      await done;
    },
  },
  {
    name: "a redirect that is not followed reaches the caller with its Contact",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 1);
      await refuse(targets[0], "302 Moved Temporarily", "<sip:elsewhere@127.0.0.1>");
      const answer = await caller.final(invite);
      assert.equal(answer.status, 302);
      assert.equal(answer.get("Contact"), "<sip:elsewhere@127.0.0.1>");
      caller.ofInvite("ACK", invite, { to: answer.get("To") });
      await done;
    },
  },
  {
    name: "the caller gives up: the target that rings is cancelled",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 1);
      const [callee] = targets;
      const forwarded = await callee.next("INVITE");
      callee.respond(forwarded, "180 Ringing", { tag: "callee" });
      await caller.answer(invite, 180);
      const cancel = caller.ofInvite("CANCEL", invite);
      await isCancelled(callee, forwarded);
      assert.equal((await caller.final(cancel)).status, 200);
      const answer = await caller.final(invite);
      assert.equal(answer.status, 487);
      caller.ofInvite("ACK", invite, { to: answer.get("To") });
      await done.catch(() => undefined);
    },
  },
  {
    name: "a target that says nothing in the time the application gives is passed over",
    run: async (rig) => {
      const { caller, targets, invite, done } = await proxied(rig, 2, { provisionalTimeout: "1s" });
      const [silent, second] = targets;
      await silent.next("INVITE");
      const forwarded = await second.next("INVITE");
      second.respond(forwarded, "200 OK", { tag: "second", headers: [SDP_TYPE], body: SDP });
      assert.equal((await caller.final(invite)).status, 200);
      assert.equal((await done).connected, true);
    },
  },
  {
    name: "a MESSAGE is proxied, and its answer comes back",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const [sender, target] = [await rig.peer(), await rig.peer()];
      const message = sender.request("MESSAGE", { headers: ["Content-Type: text/plain"], body: "hello" });
      const { req } = await app.received("MESSAGE");
      const done = req.proxy({ destination: [target.uri] });
      const forwarded = await target.next("MESSAGE");
      assert.equal(forwarded.body, "hello");
      assert.equal(viasOf(forwarded).length, 2);
      target.respond(forwarded, "200 OK", { tag: "target" });
      const answer = await sender.final(message);
      assert.equal(answer.status, 200);
      assert.equal(viasOf(answer).length, 1);
      assert.equal((await done).finalStatus, 200);
    },
  },
];

interface Proxied {
  readonly app: Application;
  readonly caller: Peer;
  readonly targets: readonly [Peer, Peer];
  readonly invite: WireMessage;
  readonly done: Promise<ProxyResults>;
}

/** A peer calls, and the application proxies the INVITE to so many others. */
async function proxied(rig: Rig, count: 1 | 2, options: Partial<ProxyOptions> = {}): Promise<Proxied> {
  const app = await rig.application({ takes: ["invite"] });
  const caller = await rig.peer();
  const targets = [await rig.peer(), await rig.peer()] as const;
  const invite = sendInvite(caller);
  const { req } = await app.received("INVITE");
  const done = inTime(
    req.proxy({ ...options, destination: targets.slice(0, count).map(({ uri }) => uri) }),
    () => "the end of the proxying",
  );
  done.catch(() => undefined); // a case that fails elsewhere does not come back for it
  return { app, caller, targets, invite, done };
}

function viasOf(message: WireMessage): readonly string[] {
  return message.all("Via").flatMap((value) => value.split(/,\s*(?=SIP\/)/));
}

async function refuse(target: Peer, line: string, contact: string | false = false): Promise<void> {
  const forwarded = await target.next("INVITE");
  target.respond(forwarded, line, { tag: "target", contact });
  await target.next("ACK");
}

async function isCancelled(target: Peer, forwarded: WireMessage): Promise<void> {
  const cancel = await target.next("CANCEL");
  assert.equal(viasOf(cancel)[0], viasOf(forwarded)[0]);
  target.respond(cancel, "200 OK", { tag: "target" });
  target.respond(forwarded, "487 Request Terminated", { tag: "target", contact: false });
  await target.next("ACK");
}
