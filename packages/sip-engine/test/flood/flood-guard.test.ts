import assert from "node:assert/strict";
import { test } from "node:test";
import { FLOOD_LIMITS } from "../../src/flood/flood-limits.ts";
import { NEVER, createGuard, falseAddresses, tcp, udp } from "./support.ts";

const PHONE = udp("10.0.0.5");

test("SEC-21: a source has its burst at once, then its rate", () => {
  const { passed, advance } = createGuard({ unknownSource: { perSecond: 10, burst: 20 } });
  assert.equal(passed(PHONE, 100), 20);
  assert.equal(passed(PHONE, 100), 0);
  advance(1);
  assert.equal(passed(PHONE, 100), 10);
  advance(3600);
  assert.equal(passed(PHONE, 100), 20, "no more than its burst after any rest");
  assert.equal(passed(udp("10.0.0.6"), 100), 20, "another source has its own");
  assert.equal(passed(udp("10.0.0.5", 5062), 100), 0, "another port is the same source");
});

test("SEC-21: the network of an IPv6 customer is one source", () => {
  const { passed } = createGuard({ unknownSource: { perSecond: 1, burst: 20 } });
  assert.equal(passed(udp("2001:db8:1:2::1"), 100), 20);
  assert.equal(passed(udp("2001:db8:1:2:ffff:ffff:ffff:ffff"), 100), 0);
  assert.equal(passed(udp("2001:db8:1:2::"), 100), 0);
  assert.equal(passed(udp("2001:db8:1:3::1"), 100), 20);
  assert.equal(passed(udp("::1"), 100), 20);
});

test("SEC-21: what is beyond is dropped over UDP, refused on a connection, which is then closed", () => {
  const { guard } = createGuard({
    unknownSource: { perSecond: NEVER, burst: 1 },
    refusals: { perSecond: NEVER, burst: 2 },
  });
  const verdicts = (flow: ReturnType<typeof udp>): string[] => Array.from({ length: 5 }, () => guard.admit(flow));
  assert.deepEqual(verdicts(udp("10.0.0.5")), ["pass", "drop", "drop", "drop", "drop"], "its address may be false");
  assert.deepEqual(verdicts(tcp("10.0.0.6", "c1")), ["pass", "refuse", "refuse", "close", "close"]);
  const { dropped, refused, closed, reasons } = guard.stats();
  assert.deepEqual({ dropped, refused, closed }, { dropped: 4, refused: 2, closed: 2 });
  assert.equal(reasons.unknownSource, 8);
});

test("SEC-21: a known phone over UDP is refused in words, up to a limit", () => {
  const { guard } = createGuard({
    knownSource: { perSecond: NEVER, burst: 1 },
    refusals: { perSecond: NEVER, burst: 1 },
  });
  guard.onRightCredentials(PHONE, 60);
  assert.deepEqual(
    Array.from({ length: 3 }, () => guard.admit(PHONE)),
    ["pass", "refuse", "drop"],
  );
});

test("SEC-22: an attack from any number of false addresses takes nothing from known, trusted and awaited peers", () => {
  const { guard, passed } = createGuard({ unknownSources: { perSecond: NEVER, burst: 50 } }, ["192.0.2.0/24"]);
  guard.onRightCredentials(PHONE, 3600);
  const release = guard.hold(udp("203.0.113.9"));
  const attack = (): number => falseAddresses(30_000).reduce((sum, flow) => sum + passed(flow, 1), 0);
  assert.equal(attack(), 50, "all of them together");
  assert.equal(guard.stats().reasons.unknownSources, 30_000 - 50);
  assert.equal(passed(udp("10.0.0.99"), 1), 0, "a stranger among them has to wait");
  assert.equal(passed(PHONE, 100), 100, "the registered phone");
  assert.equal(passed(udp("10.0.0.5", 5070), 100), 100, "the same phone from another port");
  assert.equal(passed(udp("192.0.2.77"), 1_000), 1_000, "a trunk");
  assert.equal(passed(udp("203.0.113.9"), 100), 100, "who has a call with us, or an answer to give");
  release();
  assert.equal(passed(udp("203.0.113.9"), 1), 0);
  assert.ok(guard.stats().sources <= FLOOD_LIMITS.sources, "the table of sources is bounded");
});

test("SEC-22: who shares the address of a known phone, or forges it, cannot use up what the phone has", () => {
  const { guard, passed } = createGuard({ knownSource: { perSecond: NEVER, burst: 10 } });
  guard.onRightCredentials(PHONE, 3600);
  assert.equal(passed(udp("10.0.0.5", 6666), 100), 10);
  assert.equal(passed(PHONE, 100), 10);
});

test("SEC-22: a trusted address has a limit, too: over UDP it may be forged", () => {
  const { passed } = createGuard({ trustedSource: { perSecond: NEVER, burst: 70 } }, ["192.0.2.7"]);
  assert.equal(passed(udp("192.0.2.7"), 100), 70);
});

test("a source is known as long as its registration lasts; a later, shorter answer does not cut it", () => {
  const { guard, passed, advance } = createGuard({ unknownSources: { perSecond: NEVER, burst: 0 } });
  guard.onRightCredentials(PHONE, 600);
  guard.onRightCredentials(PHONE, 60);
  advance(599);
  assert.equal(passed(PHONE, 1), 1);
  advance(2);
  assert.equal(passed(PHONE, 1), 0);
  assert.equal(guard.stats().known, 0);
});

test("a phone on a connection is known by the connection, and other connections of its address are known, too", () => {
  const { guard, passed } = createGuard({ unknownSources: { perSecond: NEVER, burst: 0 } });
  guard.onRightCredentials(tcp("10.0.0.5", "c1"), 600);
  assert.equal(passed(tcp("10.0.0.5", "c1"), 1), 1);
  assert.equal(passed(tcp("10.0.0.5", "c2"), 1), 1);
  assert.equal(passed(tcp("10.0.0.6", "c3"), 1), 0);
});

test("a peer whose certificate was believed is known by its connection, and only there", () => {
  const { passed } = createGuard({ unknownSources: { perSecond: NEVER, burst: 0 } });
  const trunk = { ...tcp("10.0.0.5", "c1"), transport: "tls", peerNames: ["hk.example"] } as const;
  assert.equal(passed(trunk, 1), 1);
  assert.equal(passed({ ...tcp("10.0.0.5", "c2"), transport: "tls", peerNames: [] }, 1), 0);
});

for (const entry of ["hub.example", "", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2/24"]) {
  test(`"${entry}" is nobody to trust`, () => {
    assert.throws(() => createGuard({}, [entry]), { code: "ADDRESS_INVALID" });
  });
}

test("SEC-24: a source is reachable when it is a connection, trusted, known, or has sent a tag of ours back", () => {
  const { guard, advance } = createGuard({}, ["192.0.2.7"]);
  assert.equal(guard.isReachable(PHONE), false);
  assert.equal(guard.isReachable(tcp("10.0.0.5", "c1")), true);
  guard.admit(udp("192.0.2.7"));
  assert.equal(guard.isReachable(udp("192.0.2.7")), true);
  guard.onEcho(PHONE);
  assert.equal(guard.isReachable(PHONE), true);
  advance(301);
  assert.equal(guard.isReachable(PHONE), false, "for five minutes");
  guard.onRightCredentials(PHONE, 3600);
  advance(600);
  assert.equal(guard.isReachable(PHONE), true);
});

const WRONG = { failures: 10, failureWindowSeconds: 600, banSeconds: 600 };

test("SEC-28: the tenth wrong credentials within the window shut a source out for a while", () => {
  const { guard, passed, advance } = createGuard(WRONG);
  for (let failure = 1; failure <= 9; failure += 1) {
    guard.onWrongCredentials(PHONE);
  }
  assert.equal(passed(PHONE, 1), 1);
  guard.onWrongCredentials(PHONE);
  assert.equal(passed(PHONE, 1), 0);
  assert.deepEqual([guard.stats().bans, guard.stats().banned], [1, 1]);
  assert.equal(passed(udp("10.0.0.6"), 1), 1, "nobody else");
  advance(599);
  assert.equal(passed(PHONE, 1), 0);
  advance(2);
  assert.equal(passed(PHONE, 1), 1);
  assert.equal(guard.stats().banned, 0);
});

test("SEC-28: one wrong attempt a minute or less is no guessing, and a right one clears what was wrong before", () => {
  const { guard, passed, advance } = createGuard(WRONG);
  for (let failure = 0; failure < 100; failure += 1) {
    guard.onWrongCredentials(PHONE);
    advance(61);
  }
  assert.equal(passed(PHONE, 1), 1);
  const forgetful = udp("10.0.0.6");
  for (let day = 0; day < 3; day += 1) {
    for (let failure = 1; failure <= 9; failure += 1) {
      guard.onWrongCredentials(forgetful);
    }
    guard.onRightCredentials(forgetful, 1);
    advance(1);
  }
  assert.equal(passed(forgetful, 1), 1);
});

test("SEC-28: what came over UDP never bans a registered phone, nor a connection from the same address", () => {
  const { guard, passed } = createGuard(WRONG);
  guard.onRightCredentials(PHONE, 3600);
  const forger = udp("10.0.0.5", 6666);
  for (let failure = 0; failure < 50; failure += 1) {
    guard.onWrongCredentials(forger);
    guard.onWrongCredentials(PHONE);
  }
  assert.equal(passed(PHONE, 1), 1, "the phone itself");
  assert.equal(passed(udp("10.0.0.5", 5070), 1), 1, "the phone from another port");
  const strangers = udp("10.0.0.7");
  for (let failure = 0; failure < 50; failure += 1) {
    guard.onWrongCredentials(strangers);
  }
  assert.equal(passed(strangers, 1), 0, "a stranger is shut out over UDP");
  assert.equal(passed(tcp("10.0.0.7", "c7"), 1), 1, "and can still prove on a connection who it is");
});

test("SEC-28: what came on connections bans the address on every transport, but a phone that is registered from there", () => {
  const { guard, passed } = createGuard(WRONG);
  guard.onRightCredentials(tcp("10.0.0.5", "phone"), 3600);
  for (let failure = 0; failure < 10; failure += 1) {
    guard.onWrongCredentials(tcp("10.0.0.5", `guesser ${failure}`));
  }
  assert.equal(guard.admit(tcp("10.0.0.5", "guesser 11")), "close");
  assert.equal(guard.admit(udp("10.0.0.5")), "drop");
  assert.equal(passed(tcp("10.0.0.5", "phone"), 1), 1);
});

test("SEC-28: a trusted address is not banned", () => {
  const { guard, passed } = createGuard(WRONG, ["192.0.2.7"]);
  const trunk = tcp("192.0.2.7", "trunk");
  for (let failure = 0; failure < 50; failure += 1) {
    guard.onWrongCredentials(trunk);
  }
  assert.equal(passed(trunk, 1), 1);
  assert.equal(guard.stats().bans, 0);
});
