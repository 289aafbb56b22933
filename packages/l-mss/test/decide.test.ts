import assert from "node:assert/strict";
import { test } from "node:test";
import { extensionNumberSchema } from "@mss/model";
import type { Binding } from "@mss/model";
import type { Caller } from "../src/caller.ts";
import { decide } from "../src/decide.ts";
import type { BranchDecision, BranchQuestion } from "../src/decide.ts";
import { HUB_ID } from "./support/settings.ts";

const EXTENSION: Caller = {
  kind: "extension",
  number: extensionNumberSchema.parse("1000"),
  settings: { secret: "s" },
};
const HUB: Caller = { kind: "hub", hub: { id: HUB_ID, addresses: [] } };
const HERE = { transport: "udp", host: "192.0.2.1", port: 5060 } as const;
const THERE = { transport: "udp", host: "192.0.2.2", port: 5060 } as const;

function binding(source: Binding["source"]): Binding {
  return { aor: "1000", contact: "sip:1000@x", source, callId: "c", cseq: 1, expiresAt: Number.MAX_SAFE_INTEGER };
}

const ANY = { source: HERE, called: "1001", route: "local", configured: true, contacts: [binding(THERE)] } as const;

const TABLE: readonly {
  readonly name: string;
  readonly question: Partial<BranchQuestion> & Pick<BranchQuestion, "caller">;
  readonly expected: BranchDecision;
}[] = [
  {
    name: "a registered extension rings",
    question: { caller: EXTENSION },
    expected: { kind: "ring", contacts: [binding(THERE)] },
  },
  { name: "also for a hub", question: { caller: HUB }, expected: { kind: "ring", contacts: [binding(THERE)] } },
  {
    name: "all phones of a number ring",
    question: { caller: HUB, contacts: [binding(THERE), binding(HERE)] },
    expected: { kind: "ring", contacts: [binding(THERE), binding(HERE)] },
  },
  {
    name: "a number in range that is no extension",
    question: { caller: EXTENSION, configured: false, contacts: [] },
    expected: { kind: "reject", code: "UNKNOWN_NUMBER" },
  },
  {
    name: "an extension without phone",
    question: { caller: EXTENSION, contacts: [] },
    expected: { kind: "reject", code: "NOT_REGISTERED" },
  },
  {
    name: "a number of others goes up",
    question: { caller: EXTENSION, route: "uplink" },
    expected: { kind: "uplink" },
  },
  {
    name: "a blocked number",
    question: { caller: EXTENSION, route: "blocked", configured: false, contacts: [] },
    expected: { kind: "reject", code: "NOT_PERMITTED" },
  },
  {
    name: "an emergency number stays here",
    question: { caller: EXTENSION, route: "emergency", configured: false, contacts: [] },
    expected: { kind: "emergency" },
  },
  {
    name: "a number of others never goes back to a hub",
    question: { caller: HUB, route: "backToOrigin", configured: false, contacts: [] },
    expected: { kind: "reject", code: "UNKNOWN_NUMBER" },
  },
  {
    name: "the own number rings the other phones of it",
    question: { caller: EXTENSION, called: "1000", contacts: [binding(HERE), binding(THERE)] },
    expected: { kind: "ring", contacts: [binding(THERE)] },
  },
  {
    name: "the own number with one phone is busy",
    question: { caller: EXTENSION, called: "1000", contacts: [binding(HERE)] },
    expected: { kind: "reject", code: "TARGET_BUSY" },
  },
];

for (const { name, question, expected } of TABLE) {
  test(`branch decides: ${name}`, () => {
    assert.deepEqual(decide({ ...ANY, ...question }), expected);
  });
}
