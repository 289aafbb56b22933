import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assert as check, property, string } from "fast-check";
import { callRecordSchema } from "@mss/model";
import { CallError, ERRORS, chain, next } from "@mss/call-control";
import type { Step } from "@mss/call-control";
import { bestFailure, codeOf, mayTryNext, q850Cause, reasonHeaderOf, statusFor } from "../src/bridge/failure.ts";
import type { LegFailure } from "../src/bridge/failure.ts";
import {
  inDialogHeaders,
  inviteHeaders,
  responseHeaders,
  attemptOf,
  sessionIdHeader,
  sessionIdOf,
  unsupportedRequirements,
  withoutReliability,
} from "../src/bridge/header-policy.ts";
import { ANONYMOUS_HOST, asksToBeHidden, callerHeaders, fromHeader } from "../src/bridge/identity.ts";
import { bodyText, headerOf, headerText, isSendableUri, mergeHeaders } from "../src/drachtio/header-text.ts";

const reader = (headers: Readonly<Record<string, string>>) => (name: string) =>
  Object.entries(headers).find(([candidate]) => candidate.toLowerCase() === name.toLowerCase())?.[1];

const EVERYTHING = {
  Via: "SIP/2.0/UDP x",
  Route: "<sip:evil>",
  "Record-Route": "<sip:evil>",
  Contact: "<sip:1000@10.0.0.1>",
  Authorization: "Digest x",
  "Proxy-Authorization": "Digest x",
  "Session-Expires": "1800",
  "Min-SE": "90",
  "X-Tmss-Path": "hk",
  "X-Vendor": "1",
  "User-Agent": "phone",
  Server: "phone",
  Date: "now",
  Replaces: "x",
  "Refer-To": "<sip:x>",
  "Session-ID": "f".repeat(32),
  "P-Asserted-Identity": "<sip:boss@hk>",
  Diversion: "<sip:1001@hk>",
  "History-Info": "<sip:1001@hk>",
  Subject: "lunch",
  "Content-Type": "application/sdp",
  "Content-Length": "3",
  "User-to-User": "56",
  Allow: "INVITE, ACK, REFER, PRACK, INFO",
  Supported: "100rel, timer, ice, replaces",
  Reason: "Q.850;cause=16",
  "Retry-After": "5",
  "Info-Package": "dtmf",
};

test("an INVITE carries what is listed and nothing else", () => {
  assert.deepEqual(inviteHeaders(reader(EVERYTHING), false), {
    Subject: "lunch",
    "Content-Type": "application/sdp",
    "User-to-User": "56",
    Allow: "INVITE, ACK, PRACK, INFO",
    Supported: "100rel, ice",
  });
});

test("the way of a call passes between peers only", () => {
  const headers = inviteHeaders(reader(EVERYTHING), true);
  assert.equal(headers["History-Info"], "<sip:1001@hk>");
  assert.equal(headers["Diversion"], "<sip:1001@hk>");
  assert.equal(headers["X-Tmss-Path"], undefined);
});

test("a response and an in-dialog request carry their own lists", () => {
  const response = responseHeaders(reader(EVERYTHING));
  assert.deepEqual(
    [response["Reason"], response["Retry-After"], response["Contact"]],
    ["Q.850;cause=16", "5", undefined],
  );
  assert.deepEqual(inDialogHeaders("INFO", reader(EVERYTHING)), {
    "Content-Type": "application/sdp",
    Reason: "Q.850;cause=16",
    "User-to-User": "56",
    "Info-Package": "dtmf",
  });
  const reinvite = inDialogHeaders("INVITE", reader(EVERYTHING));
  assert.deepEqual([reinvite["Allow"], reinvite["Supported"]], ["INVITE, ACK, PRACK, INFO", "ice"]);
});

test("required extensions that we do not carry are named", () => {
  const required = reader({ Require: "100rel, ice,timer,replaces" });
  assert.deepEqual(unsupportedRequirements(required), ["replaces"]);
  assert.deepEqual(unsupportedRequirements(required, "within a call"), ["100rel", "replaces"]);
  assert.equal(inviteHeaders(required, false)["Require"], "100rel, ice, replaces", "a timer is of one leg");
  assert.deepEqual(withoutReliability({ Require: "100rel", Supported: "ice, 100REL" }), { Supported: "ice" });
  assert.deepEqual(unsupportedRequirements(reader({})), []);
  assert.equal(inviteHeaders(reader({ Require: "ice" }), false)["Require"], "ice");
});

test("a session id is read when well-formed and written with an unknown remote", () => {
  const id = "0123456789abcdef".repeat(2);
  assert.equal(sessionIdOf(reader({ "Session-ID": sessionIdHeader(id) })), id);
  for (const bad of ["", "xyz", id.toUpperCase(), `${id}0`, `${id} ;x`]) {
    assert.equal(sessionIdOf(reader({ "Session-ID": bad })), undefined);
  }
});

test("beside the session's id it is told which attempt this is; what is not well-formed is the first", () => {
  const id = "ab".repeat(16);
  for (const attempt of [
    { number: 1, resumes: false },
    { number: 2, resumes: false },
    { number: 3, resumes: true },
    { number: 2, resumes: false, call: "0123abcd" },
  ]) {
    assert.deepEqual(attemptOf(reader({ "Session-ID": sessionIdHeader(id, attempt) })), attempt);
  }
  for (const bad of ["", `${id};attempt=0`, `${id};attempt=99999`, `${id};attempt=x`, `${id};attempted=2`]) {
    assert.deepEqual(attemptOf(reader({ "Session-ID": bad })), { number: 1, resumes: false }, bad);
  }
});

test("statuses have the row that says what they mean", () => {
  const fresh = { heard: false, rang: false, reason: undefined };
  assert.equal(codeOf(404, fresh), "UNKNOWN_NUMBER");
  assert.equal(codeOf(408, fresh), "TARGET_SILENT");
  assert.equal(codeOf(408, { ...fresh, heard: true }), "TARGET_FAILED");
  assert.equal(codeOf(408, { ...fresh, heard: true, rang: true }), "TARGET_NO_ANSWER");
  assert.equal(codeOf(480, fresh), "NOT_REGISTERED");
  assert.equal(codeOf(480, { ...fresh, rang: true }), "TARGET_NO_ANSWER");
  assert.equal(codeOf(480, { ...fresh, reason: 'Q.850;cause=19;text="x"' }), "TARGET_NO_ANSWER");
  assert.equal(codeOf(302, fresh), "TARGET_REDIRECTED");
  assert.equal(codeOf(488, fresh), "TARGET_REFUSED");
  assert.equal(codeOf(502, fresh), "TARGET_FAILED");
  assert.equal(codeOf(606, fresh), "TARGET_REFUSED");
});

test("the caller is told the target's status, but no challenge, redirection or timeout of the other leg", () => {
  for (let status = 300; status < 700; status += 1) {
    const code = codeOf(status, { heard: true, rang: false, reason: undefined });
    const told = statusFor(code, status);
    assert.ok(told >= 400 && told < 700 && told !== 401 && told !== 407 && told !== 408, `${status}`);
    if (status >= 400 && ![401, 407, 408].includes(status)) {
      assert.equal(told, status);
    }
  }
});

test("causes are read from Reason headers", () => {
  assert.equal(q850Cause('SIP;cause=486, Q.850;cause=17;text="busy"'), 17);
  assert.equal(q850Cause("q.850 ; cause = 19"), 19);
  assert.equal(q850Cause("SIP;cause=200"), undefined);
  assert.equal(q850Cause(undefined), undefined);
  assert.equal(q850Cause("x".repeat(10_000)), undefined);
  assert.equal(q850Cause(reasonHeaderOf("TARGET_NO_ANSWER")), 19);
});

const failure = (status: number, options: Partial<LegFailure> = {}): LegFailure => ({
  code: codeOf(status, { heard: true, rang: false, reason: undefined }),
  target: `t${status}`,
  status,
  rang: false,
  ...options,
});

test("of several failures 6xx comes first, then the lowest class, and within 4xx what says most", () => {
  const order = [603, 486, 480, 404, 487, 503];
  for (const [index, better] of order.entries()) {
    for (const worse of order.slice(index + 1)) {
      assert.equal(bestFailure([failure(worse), failure(better)])?.status, better);
      assert.equal(bestFailure([failure(better), failure(worse)])?.status, better);
    }
  }
  assert.equal(bestFailure([]), undefined);
});

test("the next step is tried only when nobody can have been rung", () => {
  assert.equal(mayTryNext([failure(503), failure(500)]), true);
  assert.equal(mayTryNext([failure(503), failure(486)]), false);
  assert.equal(mayTryNext([failure(503, { rang: true })]), false);
});

test("the shown identity survives any name and number, and cannot leave its place", () => {
  assert.equal(fromHeader({ displayName: 'A "B" \\', user: "1000" }), '"A \\"B\\" \\\\" <sip:1000@localhost>');
  assert.equal(fromHeader({ user: "" }), "<sip:anonymous@localhost>");
  assert.equal(fromHeader({ user: "anonymous", host: "anonymous.invalid" }), "<sip:anonymous@anonymous.invalid>");
  check(
    property(string({ unit: "binary" }), string({ unit: "binary" }), (displayName, user) => {
      const header = fromHeader({ displayName, user });
      assert.equal(headerText({ From: header }).kind, "ok");
      assert.match(header, /^(?:"(?:[^"\\]|\\.)*" )?<sip:[^@<>\s]+@localhost>$/su);
    }),
  );
});

test("values with CR, LF or NUL and names that are no tokens are never sent", () => {
  for (const value of ["a\r\nX: y", "a\n", "\r", "\0"]) {
    assert.deepEqual(headerText({ Subject: value }), { kind: "bad", name: "Subject" });
    assert.deepEqual(headerText({ Subject: ["ok", value] }), { kind: "bad", name: "Subject" });
  }
  for (const name of ["", "a b", "a:b", "x\r\n", "%46rom"]) {
    assert.equal(headerText({ [name]: "v" }).kind, "bad");
  }
  assert.deepEqual(headerText({ A: ["1", "2"], B: [] }), { kind: "ok", headers: { A: "1\r\nA: 2" } });
});

test("only URIs that stay in their line, their brackets and their frame are sent to", () => {
  assert.ok(isSendableUri("sip:4000@127.0.0.1:5060;transport=tcp"));
  for (const uri of ["sip:a b", "sip:a\r\nb", "sip:<a>", "sip:a|b", "http://x", "sip:", "", "sip:ü"]) {
    assert.equal(isSendableUri(uri), false, uri);
  }
});

test("a body's length is in bytes, as Content-Length is", () => {
  assert.equal(bodyText(""), undefined);
  assert.equal(bodyText("abc"), "abc");
  const body = bodyText("s=Büro\r\n");
  assert.ok(body !== undefined);
  assert.deepEqual([body.length, body.toString()], [9, "s=Büro\r\n"]);
});

test("headers are found in any case, unfolded, and not in the prototype", () => {
  const message = { headers: { from: "a\r\n  b", "X-Foo": "1", "P-Asserted-Identity": "<sip:x>", Diversion: "d" } };
  assert.equal(headerOf(message, "From"), "a b");
  assert.equal(headerOf(message, "x-foo"), "1");
  assert.equal(headerOf(message, "p-asserted-identity"), "<sip:x>");
  assert.equal(headerOf(message, "diversion"), "d");
  assert.equal(headerOf(message, "constructor"), undefined);
  assert.deepEqual(mergeHeaders({ from: "a", To: "b" }, { From: "c" }), { To: "b", From: "c" });
});

test("the error table and the README have the same rows", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const rows = [
    ...readme.matchAll(/^\| `([A-Z_]+)` +\| ([0-9]{3}) +\| ([0-9]+) +\| (yes|no) +\| ([a-z-]+) +\| (.+?) +\|$/gm),
  ];
  const documented = rows.map(([, code, sip, q850, tryNext, result, message]) => ({
    code,
    sip: Number(sip),
    q850: Number(q850),
    tryNext: tryNext === "yes",
    result,
    message,
  }));
  assert.deepEqual(
    documented,
    Object.entries(ERRORS).map(([code, row]) => ({ code, ...row })),
  );
});

test("every row is fit for a response, a Reason header and a call record", () => {
  for (const row of Object.values(ERRORS)) {
    assert.ok(row.sip >= 400 && row.sip < 700);
    assert.ok(row.q850 >= 1 && row.q850 <= 127);
    assert.ok(callRecordSchema.unwrap().shape.result.safeParse(row.result).success);
    assert.ok(!row.message.includes('"'));
  }
  assert.equal(new CallError("CALL_LOOP", { at: "hk" }).message, ERRORS.CALL_LOOP.message);
});

const double: Step<number, number> = (ctx) => next(ctx * 2);
const show: Step<number, string> = async (ctx) => next(`${ctx}`);
const stop: Step<number, number> = () => ({ kind: "reply", status: 404 });

test("a pipeline ends at the first reply and hands contexts on", async () => {
  assert.deepEqual(await chain(double, double, show)(3), { kind: "next", ctx: "12" });
  assert.deepEqual(await chain(double, stop, show)(3), { kind: "reply", status: 404 });
});

test("who wants to be hidden says so with id or user; none and addresses are something else", () => {
  for (const privacy of ["id", "user", "header;id", "ID; critical", "session;user"]) {
    assert.equal(asksToBeHidden(privacy), true, privacy);
  }
  for (const privacy of [undefined, "", "none", "header", "session;critical", "id;none", "identity"]) {
    assert.equal(asksToBeHidden(privacy), false, privacy);
  }
});

test("a caller is asserted to trusted targets, and anonymous to others if it asks for that", () => {
  const callerId = { user: "1000", displayName: "Alice", domain: "acme" };
  const told = (parts: Partial<Parameters<typeof callerHeaders>[0]>, asserted?: string) =>
    callerHeaders({
      plan: { origin: "extension:1000", steps: [], callerId },
      target: { label: "hub:hub-1", uri: "sip:4000@hub", trusted: true },
      from: { user: "anonymous", host: ANONYMOUS_HOST },
      isHidden: false,
      read: (name) => (name === "P-Asserted-Identity" ? asserted : undefined),
      ...parts,
    });
  const phone = { label: "extension:4000", uri: "sip:4000@phone" };
  const From = '"Alice" <sip:1000@localhost>';
  const own = { "P-Asserted-Identity": '"Alice" <sip:1000@acme>' };
  assert.deepEqual(told({}, "<sip:boss@acme>"), { From, ...own }, "a phone's claim is replaced");
  assert.deepEqual(told({ isHidden: true }), { From, ...own, Privacy: "id" });
  assert.deepEqual(told({ target: phone }, "<sip:boss@acme>"), { From });
  const hidden = { target: phone, isHidden: true };
  assert.deepEqual(told(hidden), { From: '"Anonymous" <sip:anonymous@anonymous.invalid>' });
  assert.deepEqual(told({ ...hidden, target: { ...phone, showsHiddenCaller: true } }), { From });
  const trunk = { origin: "branch:hk", trusted: true, steps: [] };
  const from = { user: "1000" };
  const bare = { From: "<sip:1000@localhost>" };
  assert.deepEqual(told({ plan: trunk, from }, "<tel:+8521000>"), { ...bare, "P-Asserted-Identity": "<tel:+8521000>" });
  assert.deepEqual(told({ plan: trunk, from }), bare, "nothing is asserted of what nobody has asserted");
});
