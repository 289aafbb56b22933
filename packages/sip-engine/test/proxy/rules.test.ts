import assert from "node:assert/strict";
import { test } from "node:test";
import { createRequest, createResponse } from "@mss/sip-message";
import type { HeaderField, SipRequest, SipResponse } from "@mss/sip-message";
import { bestResponse } from "../../src/proxy/best-response.ts";
import type { BranchState } from "../../src/proxy/branch-table.ts";
import { BRANCH } from "../../src/proxy/branch-table.ts";
import { forwardedRequest } from "../../src/proxy/forwarded-request.ts";
import { forwardedResponse } from "../../src/proxy/forwarded-response.ts";
import { redirectTargets } from "../../src/proxy/redirect-targets.ts";
import { RouteTokens } from "../../src/proxy/route-tokens.ts";

function request(fields: readonly (readonly [string, string])[] = [], uri = "sip:bob@example.com"): SipRequest {
  const headers: HeaderField[] = [
    { name: "Via", value: "SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKa" },
    { name: "From", value: "<sip:a@b>;tag=caller" },
    { name: "To", value: "<sip:c@d>;tag=callee" },
    { name: "Call-ID", value: "call-1" },
    { name: "CSeq", value: "1 INVITE" },
    ...fields.map(([name, value]) => ({ name, value })),
  ];
  return createRequest({ method: "INVITE", uri, headers });
}

function candidate(status: number, isMadeUp = false): { response: SipResponse; isMadeUp: boolean } {
  return { response: createResponse(request(), status), isMadeUp };
}

test("the best of several final responses", () => {
  const cases: readonly (readonly [statuses: readonly number[], best: number])[] = [
    [[404, 302, 500], 302],
    [[486, 603, 404], 603],
    [[486, 401], 401],
    [[500, 480, 415], 415],
    [[480, 486], 480],
    [[503], 500],
    [[503, 502], 500],
  ];
  for (const [statuses, best] of cases) {
    assert.equal(bestResponse(statuses.map((status) => candidate(status)))?.status, best, statuses.join());
  }
  assert.equal(bestResponse([candidate(408, true), candidate(486)])?.status, 486, "made up says less");
  assert.equal(bestResponse([]), undefined);
});

test("every state of a branch is reached, and an ended one does nothing but forward 2xx", () => {
  const reached = new Set<BranchState>(["waiting"]);
  for (const state of reached) {
    for (const row of Object.values(BRANCH[state])) {
      reached.add(row.to);
    }
  }
  assert.deepEqual([...reached].toSorted(), Object.keys(BRANCH).toSorted());
  assert.deepEqual(BRANCH.ended, { "2xx": { to: "ended", effects: ["forward"] } });
});

test("a branch that is pending cancels on every way out of the search, and stops its timers", () => {
  for (const state of ["calling", "proceeding"] as const) {
    for (const [input, row] of Object.entries(BRANCH[state])) {
      const staysPending = row.to === "calling" || row.to === "proceeding";
      assert.ok(staysPending || row.effects[0] === "stopTimers", `${state} ${input}`);
      const isOurs = ["cancel", "provisionalTimeout", "finalTimeout"].includes(input);
      assert.equal(row.effects.includes("sendCancel"), isOurs, `${state} ${input}`);
    }
  }
});

test("a forwarded request: Max-Forwards, Path, Require and lists of the application", () => {
  const plain = forwardedRequest(request(), { uri: "sip:x@y" });
  assert.equal(plain.headers.get("Max-Forwards"), "70", "none given");
  assert.equal(plain.uri, "sip:x@y");
  const headers = [
    { name: "x-list", value: "1" },
    { name: "X-List", value: "2" },
    { name: "via", value: "forged" },
    { name: "Content-Length", value: "5" },
  ];
  const rich = forwardedRequest(
    request([
      ["Max-Forwards", "5"],
      ["X-List", "0"],
    ]),
    { uri: "sip:x@y", headers },
  );
  assert.deepEqual(rich.headers.all("X-List"), ["1", "2"]);
  assert.equal(rich.headers.get("Max-Forwards"), "4");
  assert.deepEqual(rich.headers.all("Via"), request().headers.all("Via"));
  const recorded = forwardedRequest(request([["Record-Route", "<sip:before;lr>"]]), {
    uri: "sip:x@y",
    recordRoutes: ["<sip:out;lr>", "<sip:in;lr>"],
  });
  assert.deepEqual(recorded.headers.all("Record-Route"), ["<sip:out;lr>", "<sip:in;lr>", "<sip:before;lr>"]);
});

function viasAfter(...vias: readonly string[]): readonly string[] {
  const response = createResponse(request(), 200);
  return forwardedResponse({ ...response, headers: response.headers.with("Via", ...vias) }).headers.all("Via");
}

test("only our own Via is taken off a response, on a line of its own or in a list", () => {
  assert.deepEqual(viasAfter("SIP/2.0/UDP us", "SIP/2.0/UDP a", "SIP/2.0/UDP b"), ["SIP/2.0/UDP a", "SIP/2.0/UDP b"]);
  assert.deepEqual(viasAfter("SIP/2.0/UDP us, SIP/2.0/UDP a", "SIP/2.0/UDP b"), ["SIP/2.0/UDP a", "SIP/2.0/UDP b"]);
  assert.deepEqual(viasAfter("SIP/2.0/UDP us,SIP/2.0/UDP a"), ["SIP/2.0/UDP a"]);
});

test("contacts of a redirect in the order of q", () => {
  const response = createResponse(request(), 302, {
    headers: [
      { name: "Contact", value: "<sip:low@a>;q=0.1, <sip:none@a>" },
      { name: "Contact", value: "<sip:mid@a>;q=0.5, <sip:bad@a>;q=x" },
      { name: "Contact", value: "not a uri" },
    ],
  });
  assert.deepEqual(redirectTargets(response), ["sip:none@a", "sip:mid@a", "sip:low@a", "sip:bad@a"]);
});

test("a mark holds for its call in both directions, and for no other", () => {
  const tokens = new RouteTokens("secret");
  const own = `<sip:us${tokens.parametersFor(request())}>`;
  const swapped = request([["Route", own]])
    .headers.with("From", "<sip:c@d>;tag=callee")
    .with("To", "<sip:a@b>;tag=caller");
  assert.deepEqual(tokens.ownRouteOf(request([["Route", own]])), { uri: "sip:bob@example.com", routes: [] });
  assert.ok(tokens.ownRouteOf({ ...request(), headers: swapped }));
  const two = request([
    ["Route", `${own}, ${own}`],
    ["Route", "<sip:next;lr>, <sip:last;lr>"],
  ]);
  assert.deepEqual(tokens.ownRouteOf(two)?.routes, ["<sip:next;lr>", "<sip:last;lr>"]);
  const other = request([["Route", own]]);
  assert.equal(tokens.ownRouteOf({ ...other, headers: other.headers.with("Call-ID", "call-2") }), undefined);
  assert.equal(new RouteTokens("other").ownRouteOf(request([["Route", own]])), undefined);
  assert.equal(
    tokens.ownRouteOf(
      request([
        ["Route", "<sip:next;lr>"],
        ["Route", own],
      ]),
    ),
    undefined,
    "not the first",
  );
});
