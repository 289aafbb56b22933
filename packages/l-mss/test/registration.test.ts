import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { SipPhone } from "@mss/call-control/testing";
import { silentLog } from "@mss/runtime";
import { openBranchStore } from "@mss/store";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { branchSettings, floodLimits } from "./support/settings.ts";

const HOST = "127.17.1.1";
const SERVER = { host: HOST, port: 5060 };
const NOWHERE = "127.17.1.254";

async function start(t: TestContext): Promise<void> {
  await runBranch(t, branchSettings(HOST, NOWHERE, { dataDirectory: await temporaryDirectory(t) }));
}

function phone(t: TestContext, number: string, place = 10, options = {}): Promise<SipPhone> {
  return openPhone(t, number, { host: `127.17.1.${place}`, server: SERVER, ...options });
}

const contactHeader = (value: string) => ({ name: "Contact", value });
const expiresHeader = (value: number) => ({ name: "Expires", value: String(value) });

test("a phone registers with SHA-256 or MD5 and is told its expiry", async (t) => {
  await start(t);
  for (const algorithm of ["SHA-256", "MD5"] as const) {
    const response = await (await phone(t, "1000", 10, { algorithm })).register();
    assert.equal(response.status, 200, algorithm);
    assert.match(response.headers.get("Contact") ?? "", /;expires=3600/);
    assert.ok(response.headers.has("Date"));
  }
});

test("the challenge offers SHA-256 before MD5, in the branch's realm", async (t) => {
  await start(t);
  const stranger = await phone(t, "1000");
  const { final } = await stranger.send(stranger.newRequest("REGISTER", { to: `<${stranger.uriOf("1000")}>` }));
  assert.equal(final.status, 401);
  const offered = final.headers.all("WWW-Authenticate");
  assert.deepEqual(
    offered.map((value) => /algorithm=([^,]+)/.exec(value)?.[1]),
    ["SHA-256", "MD5"],
  );
  assert.ok(offered.every((value) => value.includes('realm="hk"')));
});

test("SEC-27: wrong credentials are challenged again, and an unknown number just like them", async (t) => {
  await start(t);
  const answers = await Promise.all(
    [
      { number: "1000", password: "wrong" },
      { number: "1999", password: "whatever" },
    ].map(async ({ number, password }) => (await phone(t, number, 10, { password })).register()),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401],
  );
  const [known, unknown] = answers.map(({ headers }) => [...headers].map(({ name }) => name));
  assert.deepEqual(known, unknown);
});

test("SEC-01, SEC-02, SEC-29: credentials count once, for their own uri, realm and number", async (t) => {
  await start(t);
  const caller = await phone(t, "1000");
  const first = caller.newRequest("REGISTER", {
    to: `<${caller.uriOf("1000")}>`,
    headers: [contactHeader(`<${caller.contact}>`)],
  });
  const challenge = (await caller.send(first)).final;
  const right = caller.withCredentials(first, challenge);
  assert.ok(right);
  assert.equal((await caller.send(right)).final.status, 200);

  const again = {
    ...right,
    headers: right.headers.with("Via", (right.headers.get("Via") ?? "").replace("z9hG4bK", "z9hG4bKr")),
  };
  const replayed = (await caller.send(again)).final;
  assert.equal(replayed.status, 401, "replay");
  assert.match(replayed.headers.get("WWW-Authenticate") ?? "", /stale=true/i);

  const otherUri = await phone(t, "1000", 11, { override: { uri: "sip:elsewhere" } });
  assert.equal((await otherUri.register()).status, 403, "uri");
  const otherRealm = await phone(t, "1000", 12, { override: { realm: "london" } });
  assert.equal((await otherRealm.register()).status, 401, "realm");
  const forged = await phone(t, "1000", 13, { override: { nonce: "forged" } });
  assert.equal((await forged.register()).status, 401, "nonce");
  for (const other of ["1001", "1999"]) {
    const taken = await (await phone(t, "1000", 14)).register({ to: `<${caller.uriOf(other)}>` });
    assert.equal(taken.status, 403, `number of another: ${other}`);
  }
});

test("SEC-23: expiry: too short 423 with Min-Expires, too long is cut, 0 takes the contact off", async (t) => {
  await start(t);
  const caller = await phone(t, "1000");
  const own = contactHeader(`<${caller.contact}>`);
  const brief = await caller.register({ headers: [own, expiresHeader(30)] });
  assert.deepEqual([brief.status, brief.headers.get("Min-Expires")], [423, "60"]);
  const long = await caller.register({ headers: [own, expiresHeader(100_000)] });
  assert.match(long.headers.get("Contact") ?? "", /;expires=7200/);
  const query = await caller.register({ headers: [] });
  assert.match(query.headers.get("Contact") ?? "", new RegExp(`<${caller.contact}>;expires=7200`));
  const off = await caller.register({ headers: [own, expiresHeader(0)] });
  assert.deepEqual([off.status, off.headers.get("Contact")], [200, undefined]);
});

test("SEC-29: Contact: * takes everything off, with Expires 0 only", async (t) => {
  await start(t);
  const caller = await phone(t, "1000");
  const two = [contactHeader("<sip:1000@127.17.1.10:1>"), contactHeader("<sip:1000@127.17.1.10:2>")];
  const both = await caller.register({ headers: two });
  assert.equal((both.headers.get("Contact") ?? "").split(",").length, 2);
  for (const headers of [[contactHeader("*")], [contactHeader("*"), expiresHeader(60)]]) {
    assert.equal((await caller.register({ headers })).status, 400);
  }
  const all = await caller.register({ headers: [contactHeader("*"), expiresHeader(0)] });
  assert.deepEqual([all.status, all.headers.get("Contact")], [200, undefined]);
});

test("a fourth contact is refused and the three stay", async (t) => {
  await start(t);
  const phones = await Promise.all([10, 11, 12].map((place) => phone(t, "1000", place)));
  for (const each of phones) {
    assert.equal((await each.register()).status, 200);
  }
  const fourth = await (await phone(t, "1000", 13)).register();
  assert.equal(fourth.status, 403);
  assert.match(fourth.headers.get("Warning") ?? "", /^399 hk /);
  const query = await phones[0]?.register({ headers: [] });
  assert.equal((query?.headers.get("Contact") ?? "").split(",").length, 3);
});

function contacts(count: number) {
  return Array.from({ length: count }, (_, index) => contactHeader(`<sip:1000@127.17.1.10:${10_000 + index}>`));
}

test("SEC-23: contacts without end are refused whole, and are not there afterwards", async (t) => {
  await start(t);
  const caller = await phone(t, "1000");
  for (const [count, status] of [
    [4, 403], // more than a number may have
    [11, 400], // more than a message may have
    [120, 400],
  ] as const) {
    assert.equal((await caller.register({ headers: contacts(count) })).status, status, String(count));
  }
  const query = await caller.register({ headers: [] });
  assert.deepEqual([query.status, query.headers.get("Contact")], [200, undefined]);
});

test("SEC-23: registrations of numbers without end cost an answer each, and leave nothing in the store", async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const http = { host: HOST, port: 18_081 };
  await runBranch(t, branchSettings(HOST, NOWHERE, { dataDirectory, http }));
  const names = Array.from({ length: 300 }, (_, index) => String(1_000 + index));
  const attackers = await Promise.all([20, 21, 22].map((place) => phone(t, "1999", place)));
  const answers = await Promise.all(
    names.map(async (name, index) => {
      const attacker = attackers[index % attackers.length];
      assert.ok(attacker !== undefined);
      const fields = { to: `<${attacker.uriOf(name)}>`, headers: [contactHeader(`<${attacker.contact}>`)] };
      return (await attacker.send(attacker.newRequest("REGISTER", fields))).final.status;
    }),
  );
  assert.deepEqual(new Set(answers), new Set([401]));
  const store = openBranchStore({ file: path.join(dataDirectory, "hk.sqlite"), log: silentLog() });
  await store.start();
  t.after(() => store.stop());
  assert.deepEqual(await store.bindings.all(Date.now()), []);
  const report: unknown = await (await fetch(`http://${HOST}:18081/sip`)).json();
  assert.partialDeepStrictEqual(report, { dialogs: 0, openRequests: 0, flood: { sources: 3, known: 0 } });
});

test("registrations survive a restart of the branch", async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const settings = branchSettings(HOST, NOWHERE, { dataDirectory });
  const first = await runBranch(t, settings);
  const callee = await phone(t, "1001", 11);
  assert.equal((await callee.register()).status, 200);
  await first.stop();
  await runBranch(t, settings);
  const caller = await phone(t, "1000");
  const call = await caller.call("1001");
  const incoming = await callee.nextCall();
  incoming.answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await call.bye()).status, 200);
});

test("after a restart in the middle of a flood registered phones are no strangers, and hubs never are", async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const first = await runBranch(t, branchSettings(HOST, NOWHERE, { dataDirectory }));
  const [callee, registered] = [await phone(t, "1001", 11), await phone(t, "1000", 10)];
  assert.equal((await callee.register()).status, 200);
  assert.equal((await registered.register()).status, 200);
  await first.stop();
  const limits = floodLimits({ unknownSources: { perSecond: 1e-9, burst: 0 } });
  await runBranch(t, branchSettings(HOST, NOWHERE, { dataDirectory, limits }));
  const stranger = await phone(t, "1002", 12);
  let isHeard = false;
  const asked = stranger.exchange("OPTIONS").then(
    () => (isHeard = true),
    () => undefined,
  );
  const hub = await openPhone(t, "hub", { host: NOWHERE, server: SERVER });
  assert.equal((await hub.exchange("OPTIONS")).status, 200, "its address is in the settings");
  const call = await registered.call("1001");
  (await callee.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  assert.equal((await call.bye()).status, 200);
  await stranger.close();
  assert.equal(isHeard, false);
  void asked;
});

test("OPTIONS is answered by the node, and methods it does not know with 405 and Allow", async (t) => {
  await start(t);
  const caller = await phone(t, "1000");
  assert.equal((await caller.exchange("OPTIONS")).status, 200);
  const publish = await caller.exchange("PUBLISH");
  assert.equal(publish.status, 405);
  assert.ok(publish.headers.has("Allow"));
});
