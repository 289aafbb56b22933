import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Binding, BindingStore } from "@mss/model";
import { sampleBinding } from "../support/samples.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

const LIMITS = { maxContacts: 3, nowMs: 1_000 };
const first = contact("a");
const second = contact("b");
const third = contact("c");
const fourth = contact("d");

function contact(name: string, change: Partial<Binding> = {}): Binding {
  return sampleBinding({ contact: `sip:${name}@127.15.0.2`, callId: `call-${name}`, ...change });
}

const set = (...bindings: readonly Binding[]) => ({ set: bindings, remove: [] });

/** What every BindingStore does. */
export function bindingStoreContract(make: MakeStore<BindingStore>): void {
  const on = (body: (store: BindingStore) => Promise<void>) => () => withStore(make, body);

  describe("BindingStore", () => {
    it(
      "stores contacts and finds them, oldest registration first",
      on(async (store) => {
        assert.deepEqual(await store.apply("1000", set(first), LIMITS), { kind: "stored", bindings: [first] });
        const both = { kind: "stored", bindings: [first, second] };
        assert.deepEqual(await store.apply("1000", set(second), LIMITS), both);
        assert.deepEqual(await store.find("1000", 1_000), [first, second]);
        assert.deepEqual(await store.find("1001", 1_000), []);
      }),
    );

    it(
      "keeps the place of a refreshed contact",
      on(async (store) => {
        await store.apply("1000", set(first, second), LIMITS);
        const refreshed = contact("a", { cseq: 2, expiresAt: 90_000 });
        assert.deepEqual(await store.apply("1000", set(refreshed), LIMITS), {
          kind: "stored",
          bindings: [refreshed, second],
        });
        assert.deepEqual(await store.find("1000", 1_000), [refreshed, second]);
      }),
    );

    it(
      "keeps a binding as it was given, with unusual characters and without a user agent",
      on(async (store) => {
        const { userAgent: _, ...plain } = contact("a");
        const odd: Binding = { ...plain, contact: 'sip:%7b{}"\\é:@[::1]:5060', callId: "x}y{z", cseq: 2_147_483_647 };
        const aor = "häuser:{1}";
        const binding = { ...odd, aor, expiresAt: 1_790_000_000_123 };
        await store.apply(aor, set(binding), { maxContacts: 1, nowMs: 1_789_999_999_123 });
        assert.deepEqual(await store.find(aor, 1_789_999_999_123), [binding]);
      }),
    );

    it(
      "refuses a contact above the limit and changes nothing",
      on(async (store) => {
        await store.apply("1000", set(first, second, third), LIMITS);
        const change = { set: [fourth], remove: [] };
        assert.deepEqual(await store.apply("1000", change, LIMITS), { kind: "tooMany", limit: 3 });
        assert.deepEqual(await store.find("1000", 1_000), [first, second, third]);
        const swap = { set: [fourth], remove: [second.contact] };
        assert.deepEqual(await store.apply("1000", swap, LIMITS), { kind: "stored", bindings: [first, third, fourth] });
      }),
    );

    it(
      "lets a phone refresh after the limit was lowered",
      on(async (store) => {
        await store.apply("1000", set(first, second, third), LIMITS);
        const refreshed = contact("b", { cseq: 2 });
        const outcome = await store.apply("1000", set(refreshed), { ...LIMITS, maxContacts: 2 });
        assert.deepEqual(outcome, { kind: "stored", bindings: [first, refreshed, third] });
      }),
    );

    it(
      "refuses a CSeq that is not higher within one Call-ID, for the request as a whole",
      on(async (store) => {
        await store.apply("1000", set(contact("a", { cseq: 5 })), LIMITS);
        for (const cseq of [4, 5]) {
          const late = { set: [second, contact("a", { cseq })], remove: [] };
          assert.deepEqual(await store.apply("1000", late, LIMITS), { kind: "outOfOrder" });
        }
        assert.deepEqual(await store.find("1000", 1_000), [contact("a", { cseq: 5 })]);
      }),
    );

    it(
      "takes any CSeq with another Call-ID, or for a contact that has expired",
      on(async (store) => {
        await store.apply("1000", set(contact("a", { cseq: 5 })), LIMITS);
        const restarted = contact("a", { callId: "after-restart", cseq: 1 });
        assert.deepEqual(await store.apply("1000", set(restarted), LIMITS), { kind: "stored", bindings: [restarted] });
        const later = contact("a", { callId: "after-restart", cseq: 1, expiresAt: 200_000 });
        const outcome = await store.apply("1000", set(later), { maxContacts: 3, nowMs: 100_000 });
        assert.deepEqual(outcome, { kind: "stored", bindings: [later] });
      }),
    );

    it(
      "removes contacts, unknown ones too",
      on(async (store) => {
        await store.apply("1000", set(first, second), LIMITS);
        const change = { set: [], remove: [first.contact, "sip:nobody@127.15.0.9"] };
        assert.deepEqual(await store.apply("1000", change, LIMITS), { kind: "stored", bindings: [second] });
        const last = { set: [], remove: [second.contact] };
        assert.deepEqual(await store.apply("1000", last, LIMITS), { kind: "stored", bindings: [] });
        assert.deepEqual(await store.all(1_000), []);
      }),
    );

    it(
      "counts, finds and lists only what is alive",
      on(async (store) => {
        const short = contact("a", { expiresAt: 2_000 });
        await store.apply("1000", set(short, second, third), LIMITS);
        assert.deepEqual(await store.find("1000", 1_999), [short, second, third]);
        assert.deepEqual(await store.find("1000", 2_000), [second, third]);
        assert.equal((await store.all(2_000)).length, 2);
        const outcome = await store.apply("1000", set(fourth), { ...LIMITS, nowMs: 2_000 });
        assert.deepEqual(outcome, { kind: "stored", bindings: [second, third, fourth] });
        const again = contact("a", { expiresAt: 5_000 });
        assert.equal((await store.apply("1000", set(again), { maxContacts: 4, nowMs: 2_000 })).kind, "stored");
        assert.deepEqual(await store.find("1000", 2_000), [second, third, fourth, again]);
      }),
    );

    it(
      "clears one address of record",
      on(async (store) => {
        const other = contact("a", { aor: "1001" });
        await store.apply("1000", set(first, second), LIMITS);
        await store.apply("1001", set(other), LIMITS);
        await store.clear("1000");
        await store.clear("1000");
        assert.deepEqual(await store.find("1000", 1_000), []);
        assert.deepEqual(await store.all(1_000), [other]);
      }),
    );

    it(
      "purges what has expired and counts it",
      on(async (store) => {
        await store.apply("1000", set(contact("a", { expiresAt: 2_000 }), second), LIMITS);
        await store.apply("1001", set(contact("a", { aor: "1001", expiresAt: 3_000 })), LIMITS);
        assert.equal(await store.purge(1_999), 0);
        assert.equal(await store.purge(3_000), 2);
        assert.equal(await store.purge(3_000), 0);
        assert.deepEqual(await store.all(0), [second]);
      }),
    );

    it(
      "grants the last place to exactly one of many that ask at once",
      on(async (store) => {
        const asked = Array.from({ length: 20 }, (_, index) => store.apply("1000", set(contact(`p${index}`)), LIMITS));
        const outcomes = await Promise.all(asked);
        assert.equal(outcomes.filter((outcome) => outcome.kind === "stored").length, 3);
        assert.equal((await store.find("1000", 1_000)).length, 3);
      }),
    );
  });
}
