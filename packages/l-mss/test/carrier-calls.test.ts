import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { RunningBranch } from "@mss/l-mss";
import type { BranchSettings, CallRecord } from "@mss/model";
import { parseNameAddress } from "@mss/sip-message";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { ACCOUNT, TestCarrier, lineTo } from "./support/carrier.ts";
import { hubsUp } from "./support/hubs.ts";
import { branchSettings } from "./support/settings.ts";

const HOST = "127.17.8.1";
const SERVER = { host: HOST, port: 5060 };
const HUB_HOST = "127.17.8.2";

interface Running {
  readonly branch: RunningBranch;
  readonly records: readonly CallRecord[];
}

/** Answers at once, and takes no calls: one that is silent would hold up the stop of the branch. */
async function refusingHub(): Promise<TestCarrier> {
  const hub = await TestCarrier.open({ host: HUB_HOST, server: SERVER });
  hub.registerAnswer = () => ({ status: 403 });
  return hub;
}

/** The carriers are closed after the branch, which takes its registrations back. */
async function start(
  t: TestContext,
  carriers: readonly TestCarrier[],
  overrides: Partial<BranchSettings>,
): Promise<Running> {
  const records: CallRecord[] = [];
  const isAtHub = carriers.some(({ peer }) => peer.address.host === HUB_HOST);
  const all = isAtHub ? carriers : [...carriers, await refusingHub()];
  const dataDirectory = await temporaryDirectory(t);
  const settings = branchSettings(HOST, HUB_HOST, { dataDirectory, outside: "9", ...overrides });
  const branch = await runBranch(t, settings, { onRecord: (record) => records.push(record) });
  t.after(() => Promise.all(all.map((peer) => peer.close())));
  return { branch, records };
}

function carrierAt(place: number, algorithm: "MD5" | "SHA-256" = "MD5"): Promise<TestCarrier> {
  return TestCarrier.open({ host: `127.17.8.${place}`, server: SERVER, algorithm });
}

async function linesUp(branch: RunningBranch, count: number): Promise<void> {
  const isSo = (): boolean => branch.status().carrierLines.filter(({ state }) => state === "up").length === count;
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = branch.on("carrier", () => (isSo() ? resolve() : undefined));
  if (isSo()) {
    resolve();
  }
  await promise;
  off();
}

async function phone(t: TestContext, number: string, place: number) {
  const opened = await openPhone(t, number, { host: `127.17.8.${place}`, server: SERVER });
  assert.equal((await opened.register()).status, 200);
  return opened;
}

/** Alice at 1000 and her way to a carrier that has her line. */
async function connected(t: TestContext, overrides: Partial<BranchSettings> = {}) {
  const carrier = await carrierAt(20);
  const running = await start(t, [carrier], { carrierLines: [lineTo("127.17.8.20")], ...overrides });
  await linesUp(running.branch, 1);
  return { ...running, carrier, alice: await phone(t, "1000", 10) };
}

function waysOf(records: readonly CallRecord[]): readonly string[] {
  return records.map(({ origin, to, target, result, tried = [] }) =>
    [origin, to, target, result, ...tried.map(({ route, code }) => `(${route} ${code})`)].join(" "),
  );
}

for (const algorithm of ["MD5", "SHA-256"] as const) {
  test(`a line registers and calls go out behind the prefix, both with ${algorithm}`, async (t) => {
    const carrier = await carrierAt(20, algorithm);
    const { branch, records } = await start(t, [carrier], { carrierLines: [lineTo("127.17.8.20")] });
    await linesUp(branch, 1);
    const [first, second] = carrier.registers;
    assert.equal(first?.uri, "sip:carrier.example");
    assert.equal(parseNameAddress(first.headers.get("To") ?? "")?.uri, `sip:${ACCOUNT.username}@carrier.example`);
    assert.equal(first.headers.get("Authorization"), undefined);
    assert.ok(second !== undefined && carrier.isProven(second));
    assert.match(second.headers.get("Contact") ?? "", /<sip:85221230000@127\.17\.8\.1:5060>/);
    const alice = await phone(t, "1000", 10);
    const call = await alice.call("90044201234567");
    const incoming = await carrier.nextProvenCall();
    assert.equal(incoming.request.uri, "sip:0044201234567@carrier.example");
    const from = parseNameAddress(incoming.request.headers.get("From") ?? "");
    assert.equal(from?.uri, `sip:${ACCOUNT.username}@carrier.example`);
    assert.equal(incoming.request.headers.get("P-Asserted-Identity"), undefined);
    assert.equal(incoming.request.headers.get("Session-ID"), undefined);
    incoming.answer();
    assert.equal((await call.final).status, 200);
    await call.bye();
    const bye = await carrier.peer.next("BYE");
    assert.equal(bye.headers.get("Proxy-Authorization"), undefined);
    assert.deepEqual(
      records.map(({ origin, to, target, result }) => `${origin} ${to} ${target ?? ""} ${result}`),
      ["extension:1000 90044201234567 carrier:pccw answered"],
    );
  });
}

test("a carrier is told the public number of the extension, else that of the line, and who is hidden is anonymous", async (t) => {
  const line = lineTo("127.17.8.20", { caller: { number: "+85221230000", unified: false, asserted: false } });
  const publicNumbers = [{ numbers: "1000", public: "85221231000" }];
  const { carrier, alice } = await connected(t, { carrierLines: [line], publicNumbers });
  const shown: string[] = [];
  const bob = await phone(t, "1001", 11);
  for (const [caller, headers] of [
    [alice, []],
    [bob, []],
    [alice, [{ name: "Privacy", value: "id" }]],
  ] as const) {
    const call = await caller.call("9112233", { headers });
    const incoming = await carrier.nextProvenCall();
    const { headers: received } = incoming.request;
    shown.push(parseNameAddress(received.get("From") ?? "")?.uri ?? "");
    assert.equal(received.get("P-Asserted-Identity"), undefined, "it is not trusted");
    incoming.refuse(486);
    assert.equal((await call.final).status, 486);
  }
  assert.deepEqual(shown, [
    "sip:+85221231000@carrier.example",
    "sip:+85221230000@carrier.example",
    "sip:anonymous@anonymous.invalid",
  ]);
});

test("a carrier that keeps callers to itself is told by P-Asserted-Identity who is hidden, and the one number of a unified line", async (t) => {
  const line = lineTo("127.17.8.20", { caller: { number: "21230000", unified: true, asserted: true } });
  const publicNumbers = [{ numbers: "1000", public: "85221231000" }];
  const { carrier, alice } = await connected(t, { carrierLines: [line], publicNumbers });
  const call = await alice.call("9112233", { headers: [{ name: "Privacy", value: "id" }] });
  const incoming = await carrier.nextProvenCall();
  const { headers } = incoming.request;
  assert.match(headers.get("From") ?? "", /<sip:anonymous@anonymous\.invalid>/);
  assert.equal(headers.get("P-Asserted-Identity"), "<sip:21230000@carrier.example>");
  assert.equal(headers.get("Privacy"), "id");
  incoming.refuse(404);
  assert.equal((await call.final).status, 404);
});

test("SEC-26: the next line is tried when one is full or challenges for ever, and not when the callee is busy", async (t) => {
  const [first, second] = [await carrierAt(20), await carrierAt(21)];
  const { branch, records } = await start(t, [first, second], {
    carrierLines: [lineTo("127.17.8.20", { maxCalls: 1 }), lineTo("127.17.8.21", { id: "backup" })],
  });
  await linesUp(branch, 2);
  const alice = await phone(t, "1000", 10);
  const held = await alice.call("9111");
  (await first.nextProvenCall()).answer();
  assert.equal((await held.final).status, 200);
  const overflowing = await alice.call("9222");
  (await second.nextProvenCall()).refuse(486);
  assert.equal((await overflowing.final).status, 486);
  await held.bye();
  const challenged = await alice.call("9333");
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const again = await first.peer.nextCall();
    again.refuse(401, [{ name: "WWW-Authenticate", value: first.challenge(undefined, true) }]);
  }
  (await second.nextProvenCall()).answer();
  assert.equal((await challenged.final).status, 200);
  assert.equal(first.peer.unread("INVITE"), 0, "SEC-26: two attempts and no more");
  await challenged.bye();
  const busy = await alice.call("9444");
  (await first.nextProvenCall()).refuse(486);
  assert.equal((await busy.final).status, 486);
  assert.equal(second.peer.unread("INVITE"), 0);
  assert.deepEqual(waysOf(records).toSorted(), [
    "extension:1000 9111 carrier:pccw answered",
    "extension:1000 9222 carrier:backup busy (carrier:pccw TRUNK_FULL) (carrier:backup TARGET_BUSY)",
    "extension:1000 9333 carrier:backup answered (carrier:pccw TARGET_CHALLENGED)",
    "extension:1000 9444 carrier:pccw busy",
  ]);
});

test("SEC-03: a challenge for another realm, or within a call, brings no credentials", async (t) => {
  const { carrier, alice } = await connected(t);
  const fished = await alice.call("9111");
  const first = await carrier.peer.nextCall();
  first.refuse(407, [{ name: "Proxy-Authenticate", value: carrier.challenge("somebody-else.example") }]);
  assert.equal((await fished.final).status, 503);
  assert.equal(carrier.peer.unread("INVITE"), 0);
  const call = await alice.call("9222");
  (await carrier.nextProvenCall()).answer();
  assert.equal((await call.final).status, 200);
  const before = carrier.peer.answerTo;
  carrier.peer.answerTo = (request) =>
    request.method === "BYE" || request.method === "INFO"
      ? { status: 407, headers: [{ name: "Proxy-Authenticate", value: carrier.challenge() }] }
      : before?.(request);
  await call.send("INFO", { body: "Signal=1" });
  await call.bye();
  for (const method of ["INFO", "BYE"]) {
    const request = await carrier.peer.next(method);
    assert.equal(request.headers.get("Proxy-Authorization"), undefined, method);
    assert.equal(carrier.peer.unread(method), 0, method);
  }
});

test("SEC-07: a call of the carrier reaches an extension by its public number, and nothing else", async (t) => {
  const [carrier, hub] = [await carrierAt(20), await carrierAt(2)];
  const { branch, records } = await start(t, [carrier, hub], {
    carrierLines: [lineTo("127.17.8.20", { called: { strip: 1, prepend: "852" }, maxCalls: 1 })],
    publicNumbers: [
      { numbers: "1xxx", public: "85221231xxx" },
      { numbers: "1001", public: ACCOUNT.username },
    ],
    emergency: { numbers: ["999"], to: [] },
  });
  await linesUp(branch, 1);
  const [alice, bob] = [await phone(t, "1000", 10), await phone(t, "1001", 11)];
  const from = "<sip:+442071234567@carrier.example>;tag=x1";
  const calling = carrier.peer.call("+85221231000", { from });
  const incoming = await alice.nextCall();
  assert.match(incoming.request.headers.get("From") ?? "", /<sip:\+442071234567@/);
  incoming.ring();
  const call = await calling;
  incoming.answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await (await carrier.peer.call("+85221231001", { from })).final).status, 486, "the line is full");
  await call.bye();
  await alice.next("BYE");
  const reached: Record<string, number> = {};
  for (const number of ["021231000", "85221230000"]) {
    const other = carrier.peer.call(number, { from });
    const rung = await (number === "021231000" ? alice : bob).nextCall();
    rung.refuse(603);
    reached[number] = (await (await other).final).status;
  }
  assert.deepEqual(reached, { "021231000": 603, "85221230000": 603 });
  const refused: Record<string, number> = {};
  const contact = { name: "Contact", value: `<${carrier.peer.contact}>` };
  for (const number of ["1000", "4000", "9112233", "999", "+442079464000", "+85221231999", "alice"]) {
    refused[number] = (await (await carrier.peer.call(number, { from })).final).status;
  }
  const watch = await carrier.peer.exchange("SUBSCRIBE", {
    uri: carrier.peer.uriOf("+85221231000"),
    headers: [contact, { name: "Event", value: "dialog" }],
  });
  assert.equal(watch.status, 403);
  assert.deepEqual(refused, {
    "1000": 404,
    "4000": 404,
    "9112233": 404,
    "999": 404,
    "+442079464000": 404,
    "+85221231999": 404,
    alice: 404,
  });
  assert.equal(hub.peer.unread("INVITE") + carrier.peer.unread("INVITE"), 0);
  assert.deepEqual(waysOf(records).slice(0, 2), [
    "carrier:pccw 1001  busy",
    "carrier:pccw 1000 extension:1000 answered",
  ]);
});

test("SEC-06: who only says that it is the carrier is asked for a password", async (t) => {
  const { carrier } = await connected(t, { publicNumbers: [{ numbers: "1xxx", public: "85221231xxx" }] });
  const stranger = await SipPhone.open({ username: "x", password: "y", host: "127.17.8.66", server: SERVER });
  t.after(() => stranger.close());
  const request = stranger.newRequest("INVITE", {
    uri: stranger.uriOf("+85221231000"),
    from: "<sip:+442071234567@carrier.example>;tag=x1",
    headers: [
      { name: "Contact", value: `<${carrier.peer.contact}>` },
      { name: "P-Asserted-Identity", value: "<sip:carrier@carrier.example>" },
    ],
  });
  const { final } = await stranger.send(request);
  assert.equal(final.status, 407);
});

test("a call to another branch goes over the line when no hub is there, by the public number of the callee", async (t) => {
  const overflow = { lines: ["pccw"], numbers: [{ numbers: "4xxx", public: "442079464xxx" }] };
  const { carrier, alice, records } = await connected(t, { overflow });
  const call = await alice.call("4012");
  const incoming = await carrier.nextProvenCall();
  assert.equal(incoming.request.uri, "sip:+442079464012@carrier.example");
  incoming.answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
  const refused = await alice.call("4012");
  (await carrier.nextProvenCall()).refuse(486);
  assert.equal((await refused.final).status, 486);
  const failed = await alice.call("4013");
  (await carrier.nextProvenCall()).refuse(503);
  const final = await failed.final;
  assert.equal(final.status, 503);
  assert.match(
    final.headers.all("Reason").join(", "),
    /SIP;cause=503;text="hub:hub-1 PEER_AWAY, carrier:pccw TARGET_UNAVAILABLE"/,
  );
  assert.equal((await (await alice.call("5000")).final).status, 503, "nobody says what its public number is");
  assert.deepEqual(waysOf(records), [
    "extension:1000 4012 carrier:pccw answered (hub:hub-1 PEER_AWAY)",
    "extension:1000 4012 carrier:pccw busy (hub:hub-1 PEER_AWAY) (carrier:pccw TARGET_BUSY)",
    "extension:1000 4013 carrier:pccw unreachable (hub:hub-1 PEER_AWAY) (carrier:pccw TARGET_UNAVAILABLE)",
    "extension:1000 5000  unreachable (hub:hub-1 PEER_AWAY)",
  ]);
});

test("an emergency call may go over a line, also behind the prefix and while the line is down", async (t) => {
  const carrier = await carrierAt(20);
  carrier.registerAnswer = () => ({ status: 403 });
  const emergency = { numbers: ["999"], to: [{ kind: "carrier", line: "pccw" }] as const };
  await start(t, [carrier], { carrierLines: [lineTo("127.17.8.20")], emergency });
  const alice = await phone(t, "1000", 10);
  for (const number of ["999", "9999"]) {
    const call = await alice.call(number, { headers: [{ name: "Privacy", value: "id" }] });
    const incoming = await carrier.nextProvenCall();
    assert.equal(incoming.request.uri, "sip:999@carrier.example");
    assert.match(
      incoming.request.headers.get("From") ?? "",
      /<sip:85221230000@/,
      "who answers must be able to call back",
    );
    incoming.answer();
    assert.equal((await call.final).status, 200);
    await call.bye();
  }
});

test("a trunk that is full leaves the line as a way to another branch, and a hub that takes the call leaves it alone", async (t) => {
  const [carrier, hub] = [await carrierAt(20), await carrierAt(2)];
  hub.registerAnswer = () => ({ status: 200, headers: [{ name: "Expires", value: "60" }] });
  const hubs = branchSettings(HOST, HUB_HOST).trunk;
  const { branch, records } = await start(t, [carrier, hub], {
    carrierLines: [lineTo("127.17.8.20")],
    trunk: { ...hubs, maxCalls: 1 },
    overflow: { lines: ["pccw"], numbers: [{ numbers: "4xxx", public: "442079464xxx" }] },
  });
  await linesUp(branch, 1);
  await hubsUp(branch, 1);
  const alice = await phone(t, "1000", 10);
  const first = await alice.call("4011");
  (await hub.peer.nextCall()).answer();
  assert.equal((await first.final).status, 200);
  const second = await alice.call("4012");
  (await carrier.nextProvenCall()).answer();
  assert.equal((await second.final).status, 200);
  await second.bye();
  await first.bye();
  await hub.peer.next("BYE");
  const third = await alice.call("4012");
  (await hub.peer.nextCall()).refuse(486);
  assert.equal((await third.final).status, 486, "a callee who refused is not called by the line");
  assert.equal(carrier.peer.unread("INVITE"), 0);
  assert.deepEqual(waysOf(records).toSorted(), [
    "extension:1000 4011 hub:hub-1 answered",
    "extension:1000 4012 carrier:pccw answered (hub:hub-1 TRUNK_FULL)",
    "extension:1000 4012 hub:hub-1 busy",
  ]);
});

test("RFC 3323: privacy that is critical and cannot be given ends the call, but for a call for help", async (t) => {
  const emergency = { numbers: ["999"], to: [{ kind: "carrier", line: "pccw" }] as const };
  const { carrier, alice, records } = await connected(t, { emergency });
  const headers = [{ name: "Privacy", value: "id;session;critical" }];
  assert.equal((await (await alice.call("9111", { headers })).final).status, 500);
  for (const [number, privacy] of [
    ["9111", "id;critical"],
    ["9111", "session"],
    ["999", "session;critical"],
  ] as const) {
    const call = await alice.call(number, { headers: [{ name: "Privacy", value: privacy }] });
    (await carrier.nextProvenCall()).refuse(486);
    assert.equal((await call.final).status, 486, `${number} ${privacy}`);
  }
  assert.equal(records[0]?.code, "PRIVACY_UNAVAILABLE");
});
