import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { SDP_TYPE } from "../support/peer/peer.ts";
import type { RequestParts } from "../support/peer/peer.ts";
import type { WireMessage } from "../support/peer/message.ts";
import type { Phone } from "./support/phone.ts";
import { startSite } from "./support/site.ts";

const site = await startSite({ net: 5 });
const alice = await site.phone("1000");
const bob = await site.phone("1001");
const carol = await site.phone("4000");

afterEach(async () => {
  for (const { peer } of [bob, carol]) {
    peer.answerBy = undefined;
    peer.answered.splice(0);
    peer.forget();
  }
  assert.deepEqual(
    site.logged.filter((line) => line.includes('"level":"error"')),
    [],
    "nothing is an error of ours",
  );
  await site.stillServes();
});

interface Outcome {
  /** What Alice is told; undefined when what she sent was dropped. */
  readonly final: WireMessage | undefined;
  /** What the callee, who is busy, has got. */
  readonly seen: WireMessage | undefined;
}

/** Alice calls, with credentials. */
async function call(callee: Phone, parts: RequestParts): Promise<Outcome> {
  callee.busy();
  const all = { ...alice.inviteParts(callee.number), ...parts };
  const first = alice.peer.request("INVITE", all);
  const challenge = await alice.finalOrNothing(first);
  if (challenge?.status !== 407) {
    return { final: challenge, seen: callee.peer.answered.pop() };
  }
  const request = alice.answer(first, challenge, all);
  const final = await alice.peer.final(request);
  alice.peer.ofInvite("ACK", request, { to: final.get("To") });
  return { final, seen: callee.peer.answered.pop() };
}

function assertRefused({ final }: Outcome, what: string): void {
  assert.ok(final === undefined || (final.status ?? 0) >= 400, `${what}: ${final?.startLine}`);
}

/** What only nodes of the federation say to each other, and what only this engine says. */
const INTERNAL = [
  "P-Asserted-Identity: <sip:smuggled@acme>",
  "X-MSS-Peer-Names: smuggled.acme",
  "Diversion: <sip:smuggled@acme>;reason=unconditional",
  "P-Preferred-Identity: <sip:smuggled@acme>",
  "Remote-Party-ID: <sip:smuggled@acme>;party=calling",
  "History-Info: <sip:smuggled@acme>;index=1",
  "Referred-By: <sip:smuggled@acme>",
  "X-Tmss-Path: smuggled",
  "X-MSS-Path: smuggled",
  "X-Smuggled: smuggled",
  "P-Charging-Vector: icid-value=smuggled",
  "Session-ID: 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a;remote=00000000000000000000000000000000",
  "Record-Route: <sip:smuggled.example;lr>",
  "Path: <sip:smuggled.example;lr>",
  "Service-Route: <sip:smuggled.example;lr>",
  "Identity: smuggled",
];
const SMUGGLED = /smuggled|5a5a5a5a/i;

/** The same header in ways that one element may read, and another not. */
const SPELLINGS: readonly ((name: string, value: string) => string)[] = [
  (name, value) => `${name}: ${value}`,
  (name, value) => `${name} : ${value}`,
  (name, value) => `${name}\t:${value}`,
  (name, value) => `${name} \t :\t${value}`,
  (name, value) => `${name.toUpperCase()}:${value}`,
  (name, value) => `${name.toLowerCase()}:\r\n ${value}`,
  (name, value) => `${name}:\r\n\t${value}\r\n `,
  (name, value) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}: ${value}`,
  (name, value) => `${name.slice(0, -1)}%${name.charCodeAt(name.length - 1).toString(16)}: ${value}`,
  (name, value) => `${name}\0: ${value}`,
  (name, value) => `\0${name}: ${value}`,
  (name, value) => `X-Other: a\r\n${name}: ${value}`,
  (name, value) => `X-Other: a\n${name}: ${value}`,
  (name, value) => `X-Other: a\r${name}: ${value}`,
  (name, value) => `X-Other: "a\r\n${name}: ${value}"`,
  (name, value) => `${name}: ${value}\r\n${name}: ${value}`,
  (name, value) => ` ${name}: ${value}`,
  (name, value) => `${name}\u00a0: ${value}`,
];

test("SEC-08: what only nodes may say to each other comes from no phone, however it is written", async () => {
  for (const callee of [bob, carol]) {
    for (const spell of SPELLINGS) {
      const headers = INTERNAL.map((line) => line.split(": ")).map(([name = "", value = ""]) => spell(name, value));
      // the first three one by one: what is wrong with another must not hide them
      for (const lines of callee === bob ? headers.slice(0, 3).map((line) => [line]) : [headers]) {
        const outcome = await call(callee, { headers: [SDP_TYPE, ...lines] });
        assertRefused(outcome, JSON.stringify(lines));
        assert.doesNotMatch(outcome.seen?.text ?? "", SMUGGLED, JSON.stringify(lines));
      }
    }
  }
});

/** Names of one letter, in use or not; not those that are needed, and not e, Content-Encoding, which a body may have. */
const COMPACT = "abdjnoruxyghpqwz";

test("SEC-08: a compact name is the header that it stands for, and no way around it", async () => {
  for (const name of COMPACT) {
    for (const value of ["<sip:smuggled@acme>", "smuggled"]) {
      const outcome = await call(carol, { headers: [SDP_TYPE, `${name}: ${value}`] });
      assertRefused(outcome, name);
      assert.doesNotMatch(outcome.seen?.text ?? "", SMUGGLED, `${name}: ${value}`);
    }
  }
});

test("SEC-08: Privacy hides a caller from who is called, however it is written", async () => {
  for (const line of [
    "Privacy: id",
    "Privacy : id",
    "PRIVACY:\r\n id",
    "privacy: user;id",
    "Privacy: id\r\nPrivacy: user",
  ]) {
    for (const callee of [bob, carol]) {
      const { final, seen } = await call(callee, { headers: [SDP_TYPE, line] });
      assert.equal(final?.status, 486);
      assert.match(seen?.get("From") ?? "", /anonymous@anonymous\.invalid/, line);
      assert.doesNotMatch(seen?.text ?? "", /1000|Phone/, line);
    }
  }
});

/** Characters that a text needs to begin a new line, or to end one early, somewhere on its way. */
const BREAKS = [
  "\r\nX-Injected: 1",
  "\nX-Injected: 1",
  "\rX-Injected: 1",
  "%0d%0aX-Injected: 1",
  "%0D%0AX-Injected:%201",
  "\\\r\nX-Injected: 1",
  "\0X-Injected: 1",
  "%00X-Injected: 1",
  "\u2028X-Injected: 1",
  "\u0085X-Injected: 1",
  "\r\n\r\nINVITE sip:1001@injected SIP/2.0",
  "%E5%98%8A%E5%98%8DX-Injected: 1",
  '"\\"\r\nX-Injected: 1',
];

function assertNotInjected(message: WireMessage | undefined, what: string): void {
  const { text } = message ?? { text: "" };
  assert.doesNotMatch(text, /(?:^|[\r\n\0])\s*(?:X-Injected|INVITE sip:1001@injected)/, what);
  assert.ok(!text.includes("\0"), what);
}

test("SEC-09: no text of a caller becomes a header or a message on another leg", async () => {
  for (const piece of BREAKS) {
    const own = `sip:1000@${site.hosts.hk}`;
    for (const [what, parts] of Object.entries({
      "display name": { from: `"Alice${piece}" <${own}>;tag=a` },
      token: { from: `Alice${piece} <${own}>;tag=a` },
      "From parameter": { from: `<${own}>;tag=a;x="${piece}"` },
      Subject: { headers: [SDP_TYPE, `Subject: hello${piece}`] },
      "User-to-User": { headers: [SDP_TYPE, `User-to-User: 00${piece};encoding=hex`] },
      Organization: { headers: [SDP_TYPE, `Organization: "${piece}"`] },
      "Call-ID": { callId: `call${piece}` },
      "Request-URI": { uri: `sip:1001${piece}@${site.hosts.hk}` },
      "URI parameter": { uri: `sip:1001@${site.hosts.hk};x=${piece}` },
      "content type": { headers: [`Content-Type: application/sdp;x="${piece}"`] },
    })) {
      const callId = `${piece.length}${what.replaceAll(/[^a-z]/gi, "")}`;
      const outcome = await call(bob, { callId, ...parts });
      assertRefused(outcome, what);
      for (const message of [outcome.final, outcome.seen]) {
        assertNotInjected(message, `${what} ${JSON.stringify(piece)}`);
      }
    }
  }
});

test("SEC-09: no text of who is called becomes a header on the caller's leg", async () => {
  for (const piece of BREAKS.filter((each) => !each.includes("\r\n"))) {
    bob.peer.answerBy = ({ method }) => (method === "INVITE" ? `486 Busy${piece}` : undefined);
    const parts = alice.inviteParts("1001");
    const first = alice.peer.request("INVITE", parts);
    const invite = alice.answer(first, await alice.peer.final(first), parts);
    bob.peer.answerBy = undefined;
    const seen = bob.peer.answered.pop() ?? (await bob.peer.next("INVITE"));
    const warning = `399 bob "no${piece}"`;
    bob.peer.respond(seen, "486 Busy Here", {
      tag: "peer",
      headers: [`Warning: ${warning.replaceAll(/[\r\n\0]/g, "")}`],
    });
    const final = await alice.peer.final(invite);
    assertNotInjected(final, JSON.stringify(piece));
    alice.peer.ofInvite("ACK", invite, { to: final.get("To") });
    await bob.peer.next("ACK");
  }
});

test("SEC-36: names such as __proto__ are names, in headers, parameters and numbers", async () => {
  for (const name of ["__proto__", "constructor", "prototype", "hasOwnProperty", "toString"]) {
    const { final } = await call(bob, {
      headers: [SDP_TYPE, `${name}: {"polluted":1}`, `X-${name}: 1`, `Subject: x;${name}=polluted`],
      from: `"${name}" <sip:1000@${site.hosts.hk};${name}=polluted>;tag=a;${name}=polluted`,
      uri: `sip:1001@${site.hosts.hk};${name}=polluted`,
    });
    assert.equal(final?.status, 486, name);
    for (const number of [name, `${name}%00`, `1001;${name}=1`]) {
      assertRefused(await call(bob, { uri: `sip:${number}@${site.hosts.hk}` }), number);
    }
    const registered = await alice.ask("REGISTER", { ...alice.registerParts(), headers: [`User-Agent: ${name}`] });
    assert.equal(registered.status, 200);
    const refused = await alice.ask("REGISTER", { ...alice.registerParts(), to: `<sip:${name}@${site.hosts.hk}>` });
    assert.equal(refused.status, 403);
  }
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

const LOG_PAYLOADS = [
  "%c2%9b31m%e2%80%a8%7f%1b[2J",
  "\u001b[2J\u001b[31mred",
  "\u001b]0;title\u0007",
  "<script>alert(1)</script>",
  "=cmd|'/C calc'!A0",
  '","level":"error","msg":"forged',
  "${jndi:ldap://127.0.0.1/x}",
  "\u009b31m",
];

test("SEC-32: a log line is one line of JSON without control characters, whatever the network has written", async () => {
  const before = site.logged.length;
  for (const payload of LOG_PAYLOADS) {
    const quoted = payload.replaceAll('"', '\\"');
    await call(bob, {
      callId: `log${payload.replaceAll(/[^!-~]/g, "")}`,
      from: `"${quoted}" <sip:1000@${site.hosts.hk}>;tag=a`,
      headers: [SDP_TYPE, `User-Agent: ${payload}`, `Subject: ${payload}`, `Reason: SIP;cause=200;text="${quoted}"`],
    });
    await call(bob, { from: `"${quoted}" <sip:1003@${site.hosts.hk}>;tag=a` });
    await call(bob, { from: `<sip:${encodeURIComponent(decodeURIComponent(payload.replace("[2J", "")))}@x>;tag=a` });
    await alice.finalOrNothing(
      alice.peer.request("REGISTER", { ...alice.registerParts(), headers: [`User-Agent: ${payload}`] }),
    );
    const stranger = await site.stranger();
    const text = stranger.requestText("REGISTER", {
      ...alice.registerParts(),
      headers: [`Authorization: Digest username="${quoted}", realm="hk", nonce="x", uri="x", response="y"`],
    });
    await stranger.final(stranger.request("REGISTER", alice.registerParts()));
    stranger.send(text);
  }
  const lines = site.logged.slice(before);
  assert.ok(lines.length > 0);
  for (const line of lines) {
    assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\u2028\u2029]/u); // pino writes one line for each
    const read: unknown = JSON.parse(line);
    assert.ok(typeof read === "object" && read !== null && "msg" in read && read.msg !== "forged");
    assert.doesNotMatch(line, /secret-of|trunk-secret/);
  }
});

/** What a key of Redis, a pattern or a script would read as something else than a number. */
const DIALLED = [
  "*",
  "?",
  "[0-9]",
  "1*",
  "a:b",
  "mss:acme:bindings",
  "{acme}:x",
  "FLUSHALL",
  "'; DROP TABLE bindings; --",
  '" OR 1=1 --',
  "..%2f..%2fetc%2fpasswd",
  "1001%0d%0aDEL%20x",
  "1".repeat(400),
  "%F0%9F%98%80",
];

test("SEC-37, SEC-38: what is dialled is digits, or nobody; it builds no key, pattern or statement", async () => {
  for (const number of DIALLED) {
    const user = encodeURI(number).replaceAll("#", "%23");
    const { final, seen } = await call(bob, { uri: `sip:${user}@${site.hosts.hk}` });
    assert.ok([400, 404, 403, 414].includes(final?.status ?? 0), `${number}: ${final?.startLine}`);
    assert.equal(seen, undefined);
    const registered = await alice.ask("REGISTER", { ...alice.registerParts(), to: `<sip:${user}@${site.hosts.hk}>` });
    assert.ok([400, 403].includes(registered.status ?? 0), `${number}: ${registered.startLine}`);
  }
});
