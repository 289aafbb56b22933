import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding, BindingStore } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { Registrar, refusalAnswer, registerChange } from "@mss/call-control/registrar";
import type { RegisterChange, RegisterRequest, RegistrationLimits } from "@mss/call-control/registrar";

const NOW_MS = Date.UTC(2026, 0, 1);
const SOURCE = { transport: "udp", host: "192.0.2.7", port: 5060 } as const;
const LIMITS: RegistrationLimits = {
  minExpiresSeconds: 60,
  maxExpiresSeconds: 7200,
  defaultExpiresSeconds: 3600,
  maxContacts: 3,
};

function request(fields: Partial<RegisterRequest>): RegisterRequest {
  return { aor: "1000", callId: "c1", cseq: 2, source: SOURCE, ...fields };
}

function binding(contact: string, fields: Partial<Binding> = {}): Binding {
  return { aor: "1000", contact, source: SOURCE, callId: "c0", cseq: 1, expiresAt: NOW_MS + 600_000, ...fields };
}

function change(fields: Partial<RegisterRequest>, current: readonly Binding[] = []): RegisterChange {
  return registerChange(request(fields), LIMITS, { current, nowMs: NOW_MS });
}

/** Contact and seconds of what is set, and what is removed. */
function effect(result: RegisterChange): unknown {
  return result.kind === "apply"
    ? {
        set: Object.fromEntries(result.set.map((set) => [set.contact, (set.expiresAt - NOW_MS) / 1000])),
        remove: result.remove,
      }
    : result;
}

const A = "sip:1000@192.0.2.7:5060";
const B = "sip:1000@192.0.2.8:5060";
const C = "sip:1000@192.0.2.9:5060";
const D = "sip:1000@192.0.2.10:5060";

const CASES: readonly {
  readonly name: string;
  readonly fields: Partial<RegisterRequest>;
  readonly current?: readonly Binding[];
  readonly expected: unknown;
}[] = [
  { name: "no Contact is a query", fields: {}, expected: { kind: "query" } },
  { name: "no expiry asked: the default", fields: { contact: `<${A}>` }, expected: { set: { [A]: 3600 }, remove: [] } },
  { name: "Expires header", fields: { contact: A, expires: "120" }, expected: { set: { [A]: 120 }, remove: [] } },
  {
    name: "the parameter is stronger than the header",
    fields: { contact: `<${A}>;expires=180`, expires: "120" },
    expected: { set: { [A]: 180 }, remove: [] },
  },
  {
    name: "malformed expiry: the default",
    fields: { contact: `<${A}>;expires=soon`, expires: "-1" },
    expected: { set: { [A]: 3600 }, remove: [] },
  },
  {
    name: "too long is cut",
    fields: { contact: A, expires: "4294967295" },
    expected: { set: { [A]: 7200 }, remove: [] },
  },
  {
    name: "too short is refused",
    fields: { contact: A, expires: "59" },
    expected: { kind: "intervalTooBrief", minExpiresSeconds: 60 },
  },
  {
    name: "one too short refuses all",
    fields: { contact: `<${A}>;expires=600, <${B}>;expires=1` },
    expected: { kind: "intervalTooBrief", minExpiresSeconds: 60 },
  },
  {
    name: "several contacts at once",
    fields: { contact: `"A, x" <${A}>;q=0.5;expires=600, <${B}>;expires=700` },
    expected: { set: { [A]: 600, [B]: 700 }, remove: [] },
  },
  {
    name: "expires=0 removes",
    fields: { contact: `<${A}>;expires=0` },
    current: [binding(A), binding(B)],
    expected: { set: {}, remove: [A] },
  },
  {
    name: "removing what is not there changes nothing",
    fields: { contact: A, expires: "0" },
    expected: { set: {}, remove: [] },
  },
  {
    name: "a contact that is equal as a URI takes the place of the old one",
    fields: { contact: "<sip:%31000@192.0.2.7:5060;ob>" },
    current: [binding(A)],
    expected: { set: { "sip:%31000@192.0.2.7:5060;ob": 3600 }, remove: [A] },
  },
  {
    name: "of two equal contacts the later counts",
    fields: { contact: `<${A}>;expires=600, <${A};ob>;expires=0` },
    expected: { set: {}, remove: [] },
  },
  {
    name: "a fourth contact is refused",
    fields: { contact: D },
    current: [binding(A), binding(B), binding(C)],
    expected: { kind: "tooManyContacts", limit: 3 },
  },
  {
    name: "a fourth contact beside a removal is taken",
    fields: { contact: `<${D}>, <${A}>;expires=0` },
    current: [binding(A), binding(B), binding(C)],
    expected: { set: { [D]: 3600 }, remove: [A] },
  },
  {
    name: "a refresh is taken although the limit was lowered",
    fields: { contact: A },
    current: [binding(A), binding(B), binding(C), binding(D)],
    expected: { set: { [A]: 3600 }, remove: [] },
  },
  {
    name: "four at once are refused",
    fields: { contact: [A, B, C, D].map((uri) => `<${uri}>`).join(",") },
    expected: { kind: "tooManyContacts", limit: 3 },
  },
  {
    name: "same Call-ID with the same CSeq",
    fields: { contact: A, callId: "c0", cseq: 1 },
    current: [binding(A)],
    expected: { kind: "outOfOrder" },
  },
  {
    name: "same Call-ID with a higher CSeq",
    fields: { contact: A, callId: "c0", cseq: 2 },
    current: [binding(A)],
    expected: { set: { [A]: 3600 }, remove: [] },
  },
  {
    name: "another Call-ID with a lower CSeq",
    fields: { contact: A, callId: "c9", cseq: 0 },
    current: [binding(A)],
    expected: { set: { [A]: 3600 }, remove: [] },
  },
  {
    name: "an old removal is refused",
    fields: { contact: A, expires: "0", callId: "c0", cseq: 1 },
    current: [binding(A)],
    expected: { kind: "outOfOrder" },
  },
  { name: "* with Expires 0", fields: { contact: "*", expires: "0" }, expected: { kind: "clear" } },
  { name: "* without Expires", fields: { contact: "*" }, expected: { kind: "badWildcard" } },
  { name: "* with another Expires", fields: { contact: "*", expires: "600" }, expected: { kind: "badWildcard" } },
  { name: "* beside a contact", fields: { contact: `*, <${A}>`, expires: "0" }, expected: { kind: "badWildcard" } },
  {
    name: "an old * is refused",
    fields: { contact: "*", expires: "0", callId: "c0", cseq: 1 },
    current: [binding(A)],
    expected: { kind: "outOfOrder" },
  },
  ...[
    "sips:1000@192.0.2.7",
    "tel:+441000",
    "http://192.0.2.7/",
    "<sip:1000@192.0.2.7?Route=%3Csip:203.0.113.1%3E>",
    "<sip:>",
    "<sip:1000@192.0.2.7",
    "None",
    `<${A}>, garbage`,
  ].map((contact) => ({ name: `Contact: ${contact}`, fields: { contact }, expected: { kind: "badContact" } })),
];

for (const { name, fields, current, expected } of CASES) {
  test(`register: ${name}`, () => {
    assert.deepEqual(effect(change(fields, current)), expected);
  });
}

test("a sips contact is taken over TLS, where the phone can be called at it", () => {
  const source = { transport: "tls", host: "192.0.2.7", port: 50_123 } as const;
  const result = change({ contact: "<sips:1000@192.0.2.7>", source });
  assert.equal(result.kind, "apply");
  assert.equal(result.set[0]?.contact, "sips:1000@192.0.2.7");
});

test("a binding says where the request came from, not what the Contact says", () => {
  const result = change({ contact: "<sip:1000@203.0.113.1:9>", userAgent: "phone/1" });
  assert.equal(result.kind, "apply");
  assert.deepEqual(result.set, [
    {
      ...binding("sip:1000@203.0.113.1:9"),
      callId: "c1",
      cseq: 2,
      expiresAt: NOW_MS + 3_600_000,
      userAgent: "phone/1",
    },
  ]);
});

function storeOf(overrides: Partial<BindingStore>): BindingStore {
  return {
    apply: async (_aor, { set }) => ({ kind: "stored", bindings: set }),
    clear: async () => undefined,
    find: async () => [],
    all: async () => [],
    purge: async () => 0,
    ...overrides,
  };
}

function registrarOn(overrides: Partial<BindingStore>): Registrar {
  return new Registrar({ store: storeOf(overrides), limits: LIMITS, node: "hk", log: silentLog(), now: () => NOW_MS });
}

test("the answer lists every contact with the seconds that are left, and the date", async () => {
  const bindings = [binding(A, { expiresAt: NOW_MS + 90_500 }), binding(B)];
  const answer = await registrarOn({ find: async () => bindings }).register(request({}));
  assert.deepEqual(answer, {
    status: 200,
    headers: { Date: "Thu, 01 Jan 2026 00:00:00 GMT", Contact: `<${A}>;expires=91, <${B}>;expires=600` },
  });
});

test("after Contact: * the answer has no contact", async () => {
  const cleared: string[] = [];
  const registrar = registrarOn({ clear: async (aor) => void cleared.push(aor) });
  const answer = await registrar.register(request({ contact: "*", expires: "0" }));
  assert.deepEqual([answer.status, answer.headers["Contact"], cleared], [200, undefined, ["1000"]]);
});

test("what the store decides itself is answered as if it had been decided before", async () => {
  const tooMany = registrarOn({ apply: async () => ({ kind: "tooMany", limit: 3 }) });
  assert.deepEqual(
    await tooMany.register(request({ contact: A })),
    refusalAnswer({ kind: "tooManyContacts", limit: 3 }, "hk"),
  );
  const late = registrarOn({ apply: async () => ({ kind: "outOfOrder" }) });
  assert.equal((await late.register(request({ contact: A }))).status, 400);
});

test("a store that fails is answered 503 with Retry-After", async () => {
  const registrar = registrarOn({ find: () => Promise.reject(new Error("disk")) });
  const answer = await registrar.register(request({ contact: A }));
  assert.equal(answer.status, 503);
  assert.match(answer.headers["Retry-After"] ?? "", /^[0-9]+$/);
});

test("each refusal has its status", () => {
  const statuses = [
    refusalAnswer({ kind: "badContact" }, "hk"),
    refusalAnswer({ kind: "badWildcard" }, "hk"),
    refusalAnswer({ kind: "intervalTooBrief", minExpiresSeconds: 60 }, "hk"),
    refusalAnswer({ kind: "outOfOrder" }, "hk"),
    refusalAnswer({ kind: "tooManyContacts", limit: 3 }, "hk"),
  ].map(({ status }) => status);
  assert.deepEqual(statuses, [400, 400, 423, 400, 403]);
});
