import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { CallJournal, CallRecord, JournalBatch, OpenCall } from "@mss/model";
import { sampleOpenCall, sampleRecord } from "../support/samples.ts";
import { withStore } from "./fixture.ts";
import type { MakeStore } from "./fixture.ts";

function batch(change: Partial<JournalBatch>): JournalBatch {
  return { run: "first", seenMs: 0, open: [], closed: [], ...change };
}

const closedOf = (ids: readonly string[], sent = false) => ids.map((id) => ({ record: sampleRecord(id), sent }));
const old = (id: string): CallRecord => ({ ...sampleRecord(id), endedAt: "2025-01-01T00:00:00.000Z" });
const idsOf = (records: readonly CallRecord[]): string[] => records.map(({ id }) => id);

/** What every CallJournal does. */
export function callJournalContract(make: MakeStore<CallJournal>): void {
  const on = (body: (journal: CallJournal) => Promise<void>) => () => withStore(make, body);

  describe("CallJournal", () => {
    it(
      "keeps one record per id, the first, and gives the newest, oldest of them first",
      on(async (journal) => {
        assert.equal(await journal.write(batch({ closed: closedOf(["a", "b", "c"]) })), 3);
        const again = { record: { ...sampleRecord("a"), to: "4001" }, sent: false };
        assert.equal(await journal.write(batch({ closed: [again, ...closedOf(["d"], true)] })), 0);
        assert.deepEqual(await journal.latest(3), ["b", "c", "d"].map(sampleRecord));
        assert.deepEqual(await journal.latest(10), ["a", "b", "c", "d"].map(sampleRecord));
        assert.deepEqual(await journal.latest(0), []);
      }),
    );

    it(
      "closes what another run left open, with the time that run was seen last",
      on(async (journal) => {
        const answered = sampleOpenCall("answered", { startedMs: 1_000, answeredMs: 3_000 });
        const {
          target: _target,
          answeredAt: _answeredAt,
          ...unanswered
        } = sampleOpenCall("ringing", { startedMs: 60_000 });
        await journal.write(batch({ open: [answered, unanswered, sampleOpenCall("over", { startedMs: 0 })] }));
        await journal.write(batch({ closed: closedOf(["over"]) }));
        await journal.write(batch({ seenMs: 63_000 }));
        assert.deepEqual(await journal.recover("first"), [], "a run does not close its own calls");
        const records = await journal.recover("second");
        const [one, other] = records;
        assert.deepEqual(
          [one?.id, one?.result, one?.status, one?.endedBy, one?.setupMs, one?.durationMs, one?.endedAt],
          ["answered", "answered", 200, "crash", 2_000, 60_000, "2026-01-01T00:01:02.000Z"],
        );
        assert.deepEqual(
          [other?.id, other?.result, other?.status, other?.endedBy, other?.setupMs, other?.durationMs],
          ["ringing", "failed", 408, "crash", 3_000, 0],
        );
        assert.deepEqual(await journal.recover("third"), []);
        assert.deepEqual(idsOf(await journal.unsent(9)), ["over", "answered", "ringing"]);
      }),
    );

    it(
      "does not open again what is closed",
      on(async (journal) => {
        await journal.write(batch({ closed: closedOf(["a"]) }));
        await journal.write(batch({ open: [sampleOpenCall("a", { startedMs: 0 })] }));
        assert.deepEqual(await journal.recover("second"), []);
      }),
    );

    it(
      "gives what is to be sent, oldest first, until it is marked; what was refused comes again after a restart",
      on(async (journal) => {
        await journal.write(batch({ closed: closedOf(["a", "b", "c", "d"]) }));
        assert.deepEqual(idsOf(await journal.unsent(3)), ["a", "b", "c"]);
        await journal.mark(["a", "c", "unknown"], "sent");
        await journal.mark(["b"], "refused");
        assert.deepEqual(idsOf(await journal.unsent(9)), ["d"]);
        assert.equal(await journal.countUnsent(), 1);
        await journal.recover("second");
        assert.deepEqual(idsOf(await journal.unsent(9)), ["b", "d"]);
      }),
    );

    it(
      "remembers which store has the records, and gives them again for another one",
      on(async (journal) => {
        assert.equal(await journal.sentTo(), undefined);
        await journal.setSentTo("one");
        await journal.setSentTo("two");
        assert.equal(await journal.sentTo(), "two");
        await journal.write(batch({ closed: closedOf(["a", "b", "c"]) }));
        await journal.mark(["a", "b", "c"], "sent");
        assert.equal(await journal.resend(2), 2);
        assert.deepEqual(idsOf(await journal.unsent(9)), ["b", "c"]);
        assert.equal(await journal.resend(2), 1);
        assert.equal(await journal.resend(2), 0);
      }),
    );

    it(
      "forgets what is old and sent, and nothing that is not sent",
      on(async (journal) => {
        await journal.write(
          batch({
            closed: [
              { record: old("old and sent"), sent: true },
              { record: old("old"), sent: false },
              { record: sampleRecord("sent"), sent: true },
            ],
          }),
        );
        assert.equal(await journal.trim(Date.parse("2025-06-01T00:00:00.000Z")), 0);
        assert.deepEqual(idsOf(await journal.latest(9)), ["old", "sent"]);
      }),
    );

    it("ends every call that was opened exactly once, wherever runs end in crashes", () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
          withStore(make, (journal) => play(journal, steps)),
        ),
        { numRuns: 40 },
      ));
  });
}

const id = fc.integer({ min: 0, max: 9 }).map((number) => `call-${number}`);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("open" as const), id }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("close" as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("send" as const), id }) },
);
type JournalStep = { readonly kind: "open" | "close" | "crash" | "send"; readonly id: string };

async function play(journal: CallJournal, steps: readonly JournalStep[]): Promise<void> {
  const opened = new Set<string>();
  const byCrash = new Set<string>();
  const over = new Set<string>();
  let [run, seenMs] = [0, 0];
  for (const { kind, id: call } of steps) {
    const head = { run: `run-${run}`, seenMs: (seenMs += 1_000) };
    if (kind === "open") {
      const open: OpenCall = sampleOpenCall(call, { startedMs: seenMs, answeredMs: seenMs });
      await journal.write(batch({ ...head, open: [open] }));
      opened.add(call);
    } else if (kind === "close") {
      await journal.write(batch({ ...head, closed: closedOf([call]) }));
      opened.add(call);
      over.add(call);
    } else if (kind === "send") {
      await journal.mark([call], "sent");
    } else {
      run += 1;
      const expected = [...opened].filter((each) => !over.has(each));
      assert.deepEqual(idsOf(await journal.recover(`run-${run}`)), expected.toSorted());
      expected.forEach((each) => over.add(each).size && byCrash.add(each));
    }
  }
  await journal.recover("the last");
  const records = await journal.latest(100);
  assert.deepEqual(idsOf(records).toSorted(), [...opened].toSorted());
  for (const record of records.filter((each) => byCrash.has(each.id))) {
    assert.equal(record.endedBy, "crash");
  }
}
