import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Pair } from "./support.ts";
import { CALLEE, createPair } from "./support.ts";

/** What a caller and a callee may do, in any order, and time that passes. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant("call" as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("ask" as const) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant("cancel" as const), index: fc.nat(7) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant("answer" as const),
      index: fc.nat(7),
      status: fc.constantFrom(180, 183, 200, 302, 486, 603),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 9_000 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const LATEST_MS = 3_000;
/** Repeated until Timer B, and the last one may be late. */
const INVITE_MAY_ARRIVE_MS = 32_000 + LATEST_MS;
const TIMER_C_MS = 20_000;
/** An INVITE that came last of all and that nobody answers is refused after Timer C and 64*T1; its ACK is awaited for 64*T1. */
const ALL_HAS_ENDED_MS = INVITE_MAY_ARRIVE_MS + TIMER_C_MS + 32_000 + 32_000 + LATEST_MS;

/** The fate of packet n is entry n of the list, over and over: lost, once, twice, late, or late and twice. */
const fates = fc.array(fc.array(fc.constantFrom(0, 0, 0, 40, 700, LATEST_MS), { maxLength: 3 }), {
  minLength: 1,
  maxLength: 12,
});

class Script {
  readonly #pair: Pair;
  readonly #invites: { cancel(): void }[] = [];

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  async run(each: Step): Promise<void> {
    const { caller, callee, advance, settle } = this.#pair;
    switch (each.act) {
      case "call": {
        this.#invites.push(caller.request({ method: "INVITE", to: CALLEE }));
        break;
      }
      case "ask": {
        caller.request({ method: "OPTIONS", to: CALLEE });
        break;
      }
      case "cancel": {
        this.#invites[each.index]?.cancel();
        break;
      }
      case "answer": {
        const received = callee.all("request")[each.index];
        if (received !== undefined) {
          callee.respond(received.transaction, each.status);
        }
        break;
      }
      case "wait": {
        await advance(each.ms);
        break;
      }
    }
    await settle();
  }
}

/** What must hold of what each side was told, whatever the network did. */
function checkEvents({ caller, callee }: Pair): void {
  const seen = callee.all("request").map(({ transaction }) => transaction.request.headers.get("call-id"));
  assert.equal(new Set(seen).size, seen.length, "a request is passed up once");
  for (const { request } of caller.all("terminated")) {
    const told = caller.events.filter((event) => "request" in event && event.request === request);
    const finals = told.filter((event) => event.kind === "response" && event.response.status >= 300);
    const successes = told.filter(
      (event) => event.kind === "response" && Math.floor(event.response.status / 100) === 2,
    );
    const failures = told.filter((event) => event.kind === "failure");
    const outcomes = finals.length + Math.min(successes.length, 1) + failures.length;
    assert.equal(outcomes, 1, "each request has one outcome");
    assert.equal(told.at(-1)?.kind, "terminated", "nothing comes after the end");
  }
}

test("loss, duplicates and disorder leave no live transaction, no timer and one outcome per request", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fates, async (steps, fateList) => {
      const pair = await createPair(t, { timers: { timerCMs: TIMER_C_MS } });
      pair.network.setFate(({ number }) => fateList[number % fateList.length] ?? [0]);
      const script = new Script(pair);
      for (const each of steps) {
        await script.run(each);
      }
      await pair.advance(ALL_HAS_ENDED_MS, 500);
      assert.equal(pair.caller.transactions.counts.client, 0);
      assert.equal(pair.callee.transactions.counts.server, 0);
      checkEvents(pair);
      const sent = pair.network.packets.length;
      await pair.advance(64_000, 4_000);
      assert.equal(pair.network.packets.length, sent, "nothing is sent when all has ended");
      await pair.stop();
    }),
    { numRuns: 60, examples: [[[{ act: "call" }], [[LATEST_MS], [], [], [], []]]] },
  );
});

test("64 s after the last answer of a call, whatever was lost, nothing is left of it", async (t) => {
  await fc.assert(
    fc.asyncProperty(fates, fc.constantFrom(200, 404, 486), async (fateList, status) => {
      const pair = await createPair(t);
      const { caller, callee, network, advance } = pair;
      network.setFate(({ number }) => fateList[number % fateList.length] ?? [0]);
      caller.request({ method: "INVITE", to: CALLEE });
      await advance(4_000);
      for (let ms = 0; ms < INVITE_MAY_ARRIVE_MS && callee.all("request").length === 0; ms += 500) {
        await advance(500);
      }
      callee.all("request").forEach(({ transaction }) => callee.respond(transaction, status));
      network.setFate(({ number, text }) =>
        text.startsWith("SIP/2.0 1") ? [0] : (fateList[number % fateList.length] ?? [0]),
      );
      await advance(64_000 + LATEST_MS + 500);
      assert.equal(callee.transactions.counts.server, 0);
      const hasOutcome = caller.all("failure").length > 0 || caller.all("response").some(isFinal);
      assert.ok(!hasOutcome || caller.transactions.counts.client === 0);
      await pair.stop();
    }),
    { numRuns: 40 },
  );
});

function isFinal({ response }: { readonly response: { readonly status: number } }): boolean {
  return response.status >= 200;
}
