import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding } from "@mss/model";
import { decide } from "../src/decide.ts";
import type { HubDecision, HubQuestion } from "../src/decide.ts";
import { HK, LONDON, PARIS } from "./support/settings.ts";

function binding(port: number): Binding {
  const source = { transport: "udp", host: "192.0.2.4", port } as const;
  return { aor: "london", contact: `sip:x:${port}`, source, callId: "c", cseq: 1, expiresAt: Number.MAX_SAFE_INTEGER };
}

const TO_LONDON = { branch: LONDON, called: "4000", caller: "1000", changes: [] };
const TO_PARIS = { branch: PARIS, called: "6000", caller: "1000", changes: [] };
const ANY: HubQuestion = {
  caller: HK,
  ownerOfCalling: HK,
  route: { kind: "route", targets: [TO_LONDON] },
  contactsOf: (branch) => (branch === LONDON ? [binding(1), binding(2)] : []),
};

const TABLE: readonly {
  readonly name: string;
  readonly question: Partial<HubQuestion>;
  readonly expected: HubDecision;
}[] = [
  {
    name: "to the branch that owns the number, its newest node first",
    question: {},
    expected: {
      kind: "bridge",
      legs: [
        { target: TO_LONDON, contact: binding(2) },
        { target: TO_LONDON, contact: binding(1) },
      ],
    },
  },
  {
    name: "to the next branch when the first is away",
    question: {
      route: { kind: "route", targets: [TO_LONDON, TO_PARIS] },
      contactsOf: (branch) => (branch === PARIS ? [binding(3)] : []),
    },
    expected: { kind: "bridge", legs: [{ target: TO_PARIS, contact: binding(3) }] },
  },
  {
    name: "a number that nobody owns",
    question: { route: { kind: "unknown" } },
    expected: { kind: "reject", code: "UNKNOWN_NUMBER" },
  },
  {
    name: "never back to where the call came from",
    question: { route: { kind: "backToOrigin", branch: HK } },
    expected: { kind: "reject", code: "CALL_LOOP" },
  },
  {
    name: "a branch that is away",
    question: { contactsOf: () => [] },
    expected: { kind: "reject", code: "PEER_AWAY" },
  },
  {
    name: "a blocked number",
    question: { route: { kind: "blocked", rule: "premium" } },
    expected: { kind: "reject", code: "NOT_PERMITTED" },
  },
  {
    name: "an emergency number, which the branch connects itself",
    question: { route: { kind: "emergency" } },
    expected: { kind: "reject", code: "NOT_PERMITTED" },
  },
  {
    name: "a caller with a number of another branch",
    question: { ownerOfCalling: LONDON },
    expected: { kind: "reject", code: "NOT_PERMITTED" },
  },
  {
    name: "a caller with a number of nobody",
    question: { ownerOfCalling: undefined },
    expected: { kind: "reject", code: "NOT_PERMITTED" },
  },
];

for (const { name, question, expected } of TABLE) {
  test(`hub decides: ${name}`, () => {
    assert.deepEqual(decide({ ...ANY, ...question }), expected);
  });
}
