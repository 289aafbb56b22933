import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, afterEach, test } from "node:test";
import type { RequestParts } from "../support/peer/peer.ts";
import { SDP_TYPE } from "../support/peer/peer.ts";
import type { WireMessage } from "../support/peer/message.ts";
import { uriOf } from "../support/peer/message.ts";
import { startSite } from "./support/site.ts";

const site = await startSite({ net: 4 });
const alice = await site.phone("1000");
const bob = await site.phone("1001");
const carol = await site.phone("4000");

/** What stands near a node and is none of the network's business: a Redis, a control port, a machine of the office. */
const INFRASTRUCTURE = "127.21.4.250";
const PORTS = [6379, 9022, 5060];
const touched: string[] = [];

for (const port of PORTS) {
  const udp = createSocket("udp4");
  udp.on("message", (bytes) => touched.push(`udp ${port}: ${bytes.toString("latin1").slice(0, 80)}`));
  udp.bind(port, INFRASTRUCTURE);
  await once(udp, "listening");
  const tcp = createServer((socket) => {
    touched.push(`tcp ${port}`);
    socket.destroy();
  });
  tcp.listen(port, INFRASTRUCTURE);
  await once(tcp, "listening");
  after(() => {
    udp.close();
    tcp.close();
  });
}

afterEach(async () => {
  assert.deepEqual(touched, [], "nothing has come to the infrastructure");
  for (const { number, peer } of [alice, bob, carol]) {
    assert.deepEqual(peer.unreadRequests, [], `nothing else reaches ${number}`);
  }
  await site.stillServes();
});

/** Alice's INVITE with valid credentials; gives back what she is told, and hangs on to nothing. */
async function invite(parts: RequestParts): Promise<WireMessage> {
  const { request, final } = await alice.start("INVITE", parts);
  alice.peer.ofInvite("ACK", request, { to: final.get("To") });
  return final;
}

/** The same with a callee that is busy. */
async function inviteTo(callee: typeof bob, parts: RequestParts): Promise<WireMessage> {
  const done = invite(parts);
  const seen = await callee.peer.next("INVITE");
  callee.peer.respond(seen, "486 Busy Here", { tag: "busy" });
  await callee.peer.next("ACK");
  assert.equal((await done).status, 486);
  return seen;
}

/** Bob has the ACK of each call that he was too busy for, and each was for him alone. */
async function acknowledged(): Promise<void> {
  for (const { startLine } of bob.peer.answered.splice(0)) {
    assert.ok(startLine.includes(bob.peer.address.host), startLine);
    await bob.peer.next("ACK");
  }
}

const ROUTES = [
  [`<sip:${INFRASTRUCTURE}:6379;lr>`],
  [`<sip:${INFRASTRUCTURE}:6379;transport=tcp;lr>`],
  ["<sip:SELF:5060;lr>", `<sip:${INFRASTRUCTURE};lr>`],
  [`<sip:SELF:5060;lr;maddr=${INFRASTRUCTURE}>`, `<sip:x@${INFRASTRUCTURE}:9022>`],
  ["<sip:169.254.169.254;lr>"],
  ["<sip:239.1.2.3;lr>"],
  [`<sip:1001@${INFRASTRUCTURE}:5060>`],
];

test("SEC-07: a Route that a phone brings along takes nothing anywhere, with a password or without", async () => {
  const stranger = await site.stranger();
  for (const routes of ROUTES) {
    const lines = routes.map((route) => `Route: ${route.replace("SELF", site.hosts.hk)}`);
    const parts = { ...alice.inviteParts("1001"), headers: [SDP_TYPE, ...lines] };
    for (const method of ["INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "REGISTER", "BYE", "UPDATE"]) {
      const request = stranger.request(method, { ...parts, headers: [...lines, SDP_TYPE, "Event: dialog"] });
      const final = await stranger.final(request);
      assert.ok([401, 407, 405, 481].includes(final.status ?? 0), `${method}: ${final.startLine}`);
      if (method === "INVITE") {
        stranger.ofInvite("ACK", request, { to: final.get("To") });
      }
    }
    const seen = await inviteTo(bob, parts);
    assert.deepEqual([seen.all("Route"), uriOf(seen.get("Contact")).includes(INFRASTRUCTURE)], [[], false]);
  }
});

test("SEC-07: where a call goes is the plan's to say, not the host's, a maddr's or a transport's in the Request-URI", async () => {
  const host = site.hosts.hk;
  const stopBusy = bob.busy();
  for (const uri of [
    `sip:1001@${INFRASTRUCTURE}`,
    `sip:1001@${INFRASTRUCTURE}:6379;transport=tcp`,
    `sip:1001@${host};maddr=${INFRASTRUCTURE}`,
    `sip:1001@${host}:5060;maddr=${INFRASTRUCTURE};ttl=255;transport=tcp`,
    `sip:1001@${host}?Route=%3Csip:${INFRASTRUCTURE}%3E`,
    "sip:1001@attacker.example",
    `sip:1001;phone-context=x@${INFRASTRUCTURE}`,
  ]) {
    const final = await invite({ ...alice.inviteParts("1001"), uri, to: `<${uri}>` });
    assert.ok((final.status ?? 0) >= 400, `${uri}: ${final.startLine}`);
  }
  stopBusy();
  await acknowledged();
  for (const uri of [`sip:${INFRASTRUCTURE}`, `sip:@${INFRASTRUCTURE}`, `sip:900123@${INFRASTRUCTURE}:6379`]) {
    const final = await invite({ ...alice.inviteParts("1001"), uri });
    assert.ok((final.status ?? 0) >= 400, `${uri}: ${final.startLine}`);
  }
});

const CONTACTS = [
  `sip:1000@${INFRASTRUCTURE}:6379`,
  `sip:1000@${INFRASTRUCTURE}:6379;transport=tcp`,
  `sip:1000@${INFRASTRUCTURE}`,
  "sip:1000@127.0.0.1:6379",
  "sip:1000@[::1]:6379",
  "sip:1000@[::ffff:127.0.0.1]:6379",
  "sip:1000@169.254.169.254:80;transport=tcp",
  "sip:1000@224.0.1.75",
  "sip:1000@255.255.255.255",
  "sip:1000@0.0.0.0",
  "sip:1000@127.21.4.1:5060",
  "sip:1000@127.21.4.2:5060",
  `sip:1000@127.21.4.9;maddr=${INFRASTRUCTURE}`,
  `sip:1000@localhost:9022;transport=tcp`,
];

test("SEC-29: whatever a phone registers as its Contact, calls and messages go to where it registered from", async () => {
  for (const contact of CONTACTS) {
    const victim = await site.stranger({ host: carol.peer.address.host });
    const parts = bob.registerParts();
    await bob.register({ ...parts, contact: "*", headers: ["Expires: 0"] });
    await bob.register({ ...bob.registerParts(), contact: `<${contact}>` });
    const seen = await inviteTo(bob, alice.inviteParts("1001"));
    assert.equal(seen.startLine.split(" ")[0], "INVITE", contact);
    assert.deepEqual(victim.unreadRequests, []);
  }
  await bob.register({ ...bob.registerParts(), contact: "*", headers: ["Expires: 0"] });
  await bob.register();
});

test("SEC-29: what is no address of a phone is refused as a Contact, and the registration stays as it was", async () => {
  for (const contact of [
    "<tel:+85221234567>",
    "<http://127.0.0.1:6379/>",
    "<mailto:a@example.org>",
    "<data:text/plain,x>",
    "<urn:service:sos>",
    `<sip:1000@${bob.peer.address.host}?Route=%3Csip:${INFRASTRUCTURE}%3E>`,
    `<sip:1000@${bob.peer.address.host}?X-Evil=1>`,
    "None",
    "<sip:>",
    "<>",
    "*, <sip:1000@127.0.0.1>",
  ]) {
    const final = await bob.ask("REGISTER", { ...bob.registerParts(), contact });
    assert.ok((final.status ?? 0) >= 400 && final.status !== 401, `${contact}: ${final.startLine}`);
  }
  for (const headers of [[], ["Expires: 60"]]) {
    const final = await bob.ask("REGISTER", { ...bob.registerParts(), contact: "*", headers });
    assert.equal(final.status, 400, final.startLine);
  }
  await inviteTo(bob, alice.inviteParts("1001"));
});

test("SEC-29: the Contact of a call that points elsewhere takes nothing there", async () => {
  alice.peer.answerBy = ({ method }) => (method === "BYE" ? "200 OK" : undefined);
  for (const contact of CONTACTS) {
    const call = await alice.call(bob);
    const update = alice.peer.within(call.callerDialog, "UPDATE", { contact: `<${contact}>` });
    bob.peer.respond(await bob.peer.next("UPDATE"), "200 OK", { contact: `<${contact}>` });
    await alice.peer.final(update);
    await bob.peer.final(bob.peer.within(call.calleeDialog, "BYE"));
  }
  alice.peer.answerBy = undefined;
});

test("SEC-33: no header makes a node fetch or call anything", async () => {
  const url = `http://${INFRASTRUCTURE}:6379/x`;
  const headers = [
    SDP_TYPE,
    `Call-Info: <${url}>;purpose=icon`,
    `Alert-Info: <${url}>`,
    `Error-Info: <${url}>`,
    `Identity: e30.e30.AAAA;info=<${url}>;alg=ES256;ppt=shaken`,
    `Identity-Info: <${url}>;alg=rsa-sha1`,
    `Reply-To: <sip:x@${INFRASTRUCTURE}:6379>`,
    `Geolocation: <${url}>`,
    `Call-Info: <sip:x@${INFRASTRUCTURE}:5060>`,
  ];
  await inviteTo(bob, { ...alice.inviteParts("1001"), headers });
  await inviteTo(carol, { ...alice.inviteParts("4000"), headers });
  const call = await alice.call(bob);
  for (const target of [url, `sip:${INFRASTRUCTURE}:6379`, `sip:900@${INFRASTRUCTURE}:6379;transport=tcp`, `tel:900`]) {
    const refer = alice.peer.within(call.callerDialog, "REFER", { headers: [`Refer-To: <${target}>`] });
    const final = await alice.peer.final(refer);
    for (let last = final.status === 202 ? "" : "terminated"; !last.includes("terminated");) {
      const notify = await alice.peer.next("NOTIFY");
      alice.peer.respond(notify, "200 OK");
      last = notify.get("Subscription-State");
    }
  }
  await call.hangUp();
});
