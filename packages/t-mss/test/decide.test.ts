import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePattern } from "@mss/dial-plan";
import type { Binding } from "@mss/model";
import { decide } from "../src/decide.ts";
import type { HubDecision, HubQuestion } from "../src/decide.ts";
import { HK, LONDON } from "./support/settings.ts";

function binding(port: number): Binding {
  const source = { transport: "udp", host: "192.0.2.4", port } as const;
  return { aor: "london", contact: `sip:x:${port}`, source, callId: "c", cseq: 1, expiresAt: Number.MAX_SAFE_INTEGER };
}

const parsed = parsePattern("4xxx");
assert.ok(parsed.kind === "pattern");
const { pattern } = parsed;
const ANY: HubQuestion = {
  caller: HK,
  ownerOfCalling: HK,
  route: { kind: "route", branch: LONDON, pattern },
  contacts: [binding(1), binding(2)],
};

const TABLE: readonly {
  readonly name: string;
  readonly question: Partial<HubQuestion>;
  readonly expected: HubDecision;
}[] = [
  {
    name: "to the branch that owns the number, its newest node first",
    question: {},
    expected: { kind: "bridge", to: LONDON, contacts: [binding(2), binding(1)] },
  },
  {
    name: "a number that nobody owns",
    question: { route: { kind: "unknown" }, contacts: [] },
    expected: { kind: "reject", code: "UNKNOWN_NUMBER" },
  },
  {
    name: "never back to where the call came from",
    question: { route: { kind: "backToOrigin", branch: HK, pattern } },
    expected: { kind: "reject", code: "CALL_LOOP" },
  },
  { name: "a branch that is away", question: { contacts: [] }, expected: { kind: "reject", code: "PEER_AWAY" } },
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
