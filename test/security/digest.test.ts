import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, test } from "node:test";
import type { Peer, RequestParts } from "../support/peer/peer.ts";
import type { WireMessage } from "../support/peer/message.ts";
import { authorizationLine } from "./support/digest.ts";
import type { DigestParts } from "./support/digest.ts";
import { startSite } from "./support/site.ts";

/*
 * By hand: MSS_TEST_REPLAYS=10000 MSS_TEST_CHALLENGES=1000 node --test test/security/digest.test.ts
 */
const REPLAYS = Number(process.env["MSS_TEST_REPLAYS"] ?? 200);
const CHALLENGES = Number(process.env["MSS_TEST_CHALLENGES"] ?? 40);
const AT_ONCE = 50;

const site = await startSite({ net: 1 });
const alice = await site.phone("1000");
const bob = await site.phone("1001");

afterEach(() => site.stillServes());

/** Statuses of so many requests, some at a time. */
async function statusesOf(
  count: number,
  ask: (index: number) => Promise<WireMessage>,
): Promise<ReadonlyMap<number, number>> {
  const seen = new Map<number, number>();
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) => ask(first + index));
    for (const { status = 0 } of await Promise.all(some)) {
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
  }
  return seen;
}

/** The same credentials in another transaction, sent by that peer. */
async function replay(by: Peer, method: string, parts: RequestParts, line: string): Promise<WireMessage> {
  const callId = randomBytes(8).toString("hex");
  const request = by.request(method, { ...parts, callId, headers: [...(parts.headers ?? []), line] });
  const final = await by.final(request);
  if (method === "INVITE") {
    by.ofInvite("ACK", request, { to: final.get("To") });
  }
  return final;
}

test(`SEC-01: ${REPLAYS} replays of a REGISTER and ${REPLAYS} of an INVITE that were accepted once: none is`, async () => {
  const neighbour = await site.stranger({ host: alice.peer.address.host }); // behind the same address
  const elsewhere = await site.stranger();
  const register = alice.registerParts();
  const invite = alice.inviteParts("1001");
  for (const [method, parts, refused] of [
    ["REGISTER", register, 401],
    ["INVITE", invite, 407],
  ] as const) {
    const { request, final } = await startAndAnswer(method, parts);
    assert.ok(final.status === 200 || final.status === 486, final.startLine);
    const [line = ""] = /^(?:Proxy-)?Authorization: .*$/m.exec(request.text) ?? [];
    const variants = [
      line,
      line.replace("nc=00000001", "nc=00000000"),
      line.replace("nc=00000001", "nc=00000002"),
      line.replace(/nonce="(?<start>....)/, 'nonce="0000'),
      line.replace(/cnonce="[^"]*"/, 'cnonce="other"'),
    ];
    const seen = await statusesOf(REPLAYS, (index) => {
      const by = [alice.peer, neighbour, elsewhere][index % 3] ?? alice.peer;
      return replay(by, method, parts, variants[index % variants.length] ?? line);
    });
    assert.deepEqual([...seen], [[refused, REPLAYS]], method);
  }
  assert.deepEqual(bob.peer.unreadRequests, []);
});

/** Alice's request with credentials; Bob is busy. */
async function startAndAnswer(
  method: string,
  parts: RequestParts,
): Promise<{ readonly request: WireMessage; readonly final: WireMessage }> {
  const started = alice.start(method, parts);
  if (method === "INVITE") {
    bob.peer.respond(await bob.peer.next("INVITE"), "486 Busy Here", { tag: "busy" });
    await bob.peer.next("ACK");
  }
  const { request, final } = await started;
  if (method === "INVITE") {
    alice.peer.ofInvite("ACK", request, { to: final.get("To") });
  }
  return { request, final };
}

test("SEC-01: a nonce counts for who was given it: not at another branch, not from another address", async () => {
  const atLondon = await site.stranger({ node: "london", host: alice.peer.address.host });
  const elsewhere = await site.stranger();
  const parts = alice.registerParts();
  const uri = parts.uri ?? "";
  const challengeOf = async (peer: Peer): Promise<WireMessage> => peer.final(peer.request("REGISTER", parts));
  for (const peer of [atLondon, elsewhere]) {
    const line = authorizationLine(await challengeOf(peer), "REGISTER", alice.account, { uri, realm: "hk" });
    assert.equal((await replay(alice.peer, "REGISTER", parts, line)).status, 401);
  }
});

test("SEC-02: credentials are good for their method, URI, user and realm, with qop, and SHA-256 comes first", async () => {
  const parts = alice.registerParts();
  const uri = parts.uri ?? "";
  const first = alice.peer.request("REGISTER", parts);
  const offered = (await alice.peer.final(first))
    .all("WWW-Authenticate")
    .map((value) => /algorithm=([^,]*)/.exec(value)?.[1]);
  assert.deepEqual(offered, ["SHA-256", "MD5"]);

  const bound: readonly (readonly [string, Partial<DigestParts>, number])[] = [
    ["another URI", { uri: "sip:elsewhere" }, 403],
    ["another realm", { realm: "london" }, 401],
    ["no qop", { qop: "" }, 401],
    ["auth-int", { qop: "auth-int" }, 401],
    ["an unknown algorithm", { algorithm: "SHA-1" }, 401],
    ["-sess", { algorithm: "MD5-sess" }, 401],
    ["a forged nonce", { nonce: "forged" }, 401],
    ["nc of 0", { nc: "00000000" }, 401],
  ];
  for (const [what, digest, status] of bound) {
    assert.equal((await alice.ask("REGISTER", alice.registerParts(), digest)).status, status, what);
  }
  const challenge = await alice.peer.final(alice.peer.request("REGISTER", parts));
  const forInvite = authorizationLine(challenge, "INVITE", alice.account, { uri });
  assert.equal((await replay(alice.peer, "REGISTER", parts, forInvite)).status, 401, "another method");
});

test("SEC-02: who knows one password neither registers nor calls as somebody else", async () => {
  const own = alice.registerParts();
  for (const number of ["1001", "1999", "hk", "hub-1"]) {
    const aor = `<${alice.uriOf(number)}>`;
    assert.equal((await alice.ask("REGISTER", { ...own, to: aor })).status, 403, `REGISTER of ${number}`);
    const { request, final } = await alice.start("INVITE", {
      ...alice.inviteParts("1001"),
      from: `${aor};tag=${randomBytes(4).toString("hex")}`,
    });
    assert.equal(final.status, 403, `INVITE as ${number}`);
    alice.peer.ofInvite("ACK", request, { to: final.get("To") });
  }
  assert.deepEqual(bob.peer.unreadRequests, []);
});

const FISHING_REALMS = ["hk", "london", "acme", "hub-1", "sip.example", "127.21.1.2"];

function fishingChallenge(index: number): readonly [line: string, header: string] {
  const realm = FISHING_REALMS[index % FISHING_REALMS.length] ?? "";
  const isProxy = index % 2 === 0;
  const line = isProxy ? "407 Proxy Authentication Required" : "401 Unauthorized";
  const name = isProxy ? "Proxy-Authenticate" : "WWW-Authenticate";
  const algorithm = index % 3 === 0 ? "MD5" : "SHA-256";
  const qop = index % 5 === 0 ? "" : ', qop="auth"';
  return [
    line,
    `${name}: Digest realm="${realm}", nonce="${randomBytes(8).toString("hex")}", algorithm=${algorithm}${qop}`,
  ];
}

test(`SEC-03: ${CHALLENGES} calls and messages to a phone that challenges us: no credentials are on the wire`, async () => {
  for (let index = 0; index < CHALLENGES; index += 1) {
    const method = index % 4 === 3 ? "MESSAGE" : "INVITE";
    const parts = alice.inviteParts("1001");
    const started = alice.start(
      method,
      method === "INVITE" ? parts : { ...parts, headers: ["Content-Type: text/plain"] },
    );
    const request = await bob.peer.next(method);
    assert.doesNotMatch(request.text, /^(?:Proxy-)?Authorization/im);
    const [line, header] = fishingChallenge(index);
    bob.peer.respond(request, line, { tag: `fish${index}`, headers: [header] });
    if (method === "INVITE") {
      assert.doesNotMatch((await bob.peer.next("ACK")).text, /^(?:Proxy-)?Authorization/im);
    }
    const { request: own, final } = await started;
    assert.ok((final.status ?? 0) >= 400 && final.status !== 401 && final.status !== 407, final.startLine);
    if (method === "INVITE") {
      alice.peer.ofInvite("ACK", own, { to: final.get("To") });
    }
  }
  assert.deepEqual(bob.peer.unreadRequests, [], "nothing was sent again");
});

test("SEC-03: a phone that challenges what comes within a call gets no credentials either", async () => {
  const call = await alice.call(bob);
  for (const [index, method] of ["INFO", "MESSAGE", "OPTIONS", "UPDATE", "INVITE", "BYE"].entries()) {
    const request = alice.peer.within(call.callerDialog, method);
    const [line, header] = fishingChallenge(index);
    const seen = await bob.peer.next(method);
    assert.doesNotMatch(seen.text, /^(?:Proxy-)?Authorization/im, method);
    bob.peer.respond(seen, line, { headers: [header] });
    if (method === "INVITE") {
      await bob.peer.next("ACK");
    }
    const final = await alice.peer.final(request);
    if (method === "INVITE") {
      alice.peer.ofInvite("ACK", request, { to: final.get("To") });
    }
  }
  assert.deepEqual(bob.peer.unreadRequests, []);
});
