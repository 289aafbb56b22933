import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import { createRequest, createResponse } from "@mss/sip-message";
import { contactUriOf, fromUac, fromUas } from "../../src/dialog/dialog-formation.ts";
import {
  acceptsRequest,
  afterOwnRequest,
  afterRequest,
  nextRequest,
  updateTarget,
} from "../../src/dialog/dialog-rules.ts";
import type { DialogState } from "../../src/dialog/dialog-state.ts";

function invite(headers: readonly (readonly [string, string])[] = []): SipRequest {
  const fields = [
    ["From", "<sip:alice@hk>;tag=a"],
    ["To", "<sip:bob@london>"],
    ["Call-ID", "call"],
    ["CSeq", "7 INVITE"],
    ["Contact", "<sip:alice@10.0.0.1>"],
    ...headers,
  ] as const;
  return createRequest({
    method: "INVITE",
    uri: "sip:bob@london",
    headers: fields.map(([name, value]) => ({ name, value })),
  });
}

function answer(status: number, headers: readonly { name: string; value: string }[] = []): SipResponse {
  return createResponse(invite(ROUTES), status, { toTag: "b", headers });
}

const ROUTES = [
  ["Record-Route", "<sip:p2;lr>, <sip:p1;lr;x=y>"],
  ["Record-Route", "<sip:p0;lr>"],
] as const;
const CONTACT = [{ name: "Contact", value: '"Bob" <sip:bob@10.0.0.2:5070;transport=tcp>;q=1' }];

function uac(): DialogState {
  const state = fromUac(invite(), answer(200, CONTACT));
  assert.ok(state !== undefined);
  return state;
}

test("a caller's dialog: tags, target, reversed routes, CSeq of the INVITE", () => {
  assert.deepEqual(uac(), {
    role: "uac",
    phase: "confirmed",
    callId: "call",
    localTag: "a",
    remoteTag: "b",
    local: "<sip:alice@hk>;tag=a",
    remote: "<sip:bob@london>;tag=b",
    localSequence: 7,
    remoteSequence: undefined,
    remoteTarget: "sip:bob@10.0.0.2:5070;transport=tcp",
    routeSet: ["<sip:p0;lr>", "<sip:p1;lr;x=y>", "<sip:p2;lr>"],
    isSecure: false,
  });
});

test("a callee's dialog: the same from the other side, routes in order", () => {
  assert.deepEqual(fromUas(invite(ROUTES), answer(180)), {
    role: "uas",
    phase: "early",
    callId: "call",
    localTag: "b",
    remoteTag: "a",
    local: "<sip:bob@london>;tag=b",
    remote: "<sip:alice@hk>;tag=a",
    localSequence: 0,
    remoteSequence: 7,
    remoteTarget: "sip:alice@10.0.0.1",
    routeSet: ["<sip:p2;lr>", "<sip:p1;lr;x=y>", "<sip:p0;lr>"],
    isSecure: false,
  });
});

test("without To tag there is no dialog", () => {
  assert.equal(fromUac(invite(), createResponse(invite(), 180)), undefined);
  assert.equal(fromUas(invite(), createResponse(invite(), 180)), undefined);
});

test("without Contact the Request-URI stands in for the target", () => {
  assert.equal(fromUac(invite(), answer(180))?.remoteTarget, "sip:bob@london");
  assert.equal(contactUriOf(answer(180, [{ name: "Contact", value: "*" }])), undefined);
});

test("requests of the other side come in rising order", () => {
  const fresh = uac();
  assert.equal(acceptsRequest(fresh, 1), true);
  const later = afterRequest(fresh, 5);
  assert.deepEqual(
    [4, 5, 6].map((sequence) => acceptsRequest(later, sequence)),
    [false, false, true],
  );
});

test("our requests count up, and an application may only count further up", () => {
  const dialog = afterOwnRequest(uac(), 9);
  assert.equal(nextRequest(dialog).sequence, 10);
  assert.equal(nextRequest(dialog, { sequence: 20 }).sequence, 20);
  assert.equal(nextRequest(dialog, { sequence: 3 }).sequence, 10);
  assert.equal(afterOwnRequest(dialog, 4).localSequence, 9);
});

test("loose routing: the target in the Request-URI, all routes in Route", () => {
  const next = nextRequest(uac());
  assert.equal(next.uri, "sip:bob@10.0.0.2:5070;transport=tcp");
  assert.equal(next.routes.length, 3);
});

test("strict routing: the first route in the Request-URI, the target last in Route", () => {
  const next = nextRequest({ ...uac(), routeSet: ["<sip:strict>", "<sip:p1;lr>"] });
  assert.equal(next.uri, "sip:strict");
  assert.deepEqual(next.routes, ["<sip:p1;lr>", "<sip:bob@10.0.0.2:5070;transport=tcp>"]);
});

test("a target refresh moves the target and nothing else", () => {
  const dialog = uac();
  const moved = updateTarget(dialog, answer(200, [{ name: "Contact", value: "<sip:bob@10.0.0.3>" }]));
  assert.deepEqual(moved, { ...dialog, remoteTarget: "sip:bob@10.0.0.3" });
  assert.equal(updateTarget(dialog, answer(200)), dialog);
});
