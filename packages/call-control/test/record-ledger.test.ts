import assert from "node:assert/strict";
import { once } from "node:events";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import type { CallJournal, CallRecord, JournalBatch, OpenCall } from "@mss/model";
import { CodedError, silentLog } from "@mss/runtime";
import { RecordLedger } from "@mss/call-control/node";
import type { RecordLedgerOptions } from "@mss/call-control/node";

const CALL = {
  sessionId: "0".repeat(32),
  node: "hk",
  from: "1000",
  to: "1001",
  origin: "extension:1000",
  startedAt: "2026-01-01T00:00:00.000Z",
};

function openCall(id: string): OpenCall {
  return { ...CALL, id, startedMs: 0 };
}

function record(id: string): CallRecord {
  const end = { result: "answered", status: 200, endedAt: CALL.startedAt, endedBy: "caller" } as const;
  return { ...CALL, id, ...end, setupMs: 0, durationMs: 0 };
}

const idsOf = (records: readonly CallRecord[]): string[] => records.map(({ id }) => id);

/** A disk that can be full, and that says what it was given. */
class Disk extends EventEmitter implements CallJournal {
  readonly batches: JournalBatch[] = [];
  readonly records = new Map<string, { readonly record: CallRecord; mark: string }>();
  full = false;
  store: string | undefined;

  async write(batch: JournalBatch): Promise<number> {
    this.#check();
    this.batches.push(batch);
    const before = this.#unsent().length;
    for (const { record: each, sent } of batch.closed) {
      this.records.set(each.id, { record: each, mark: sent ? "sent" : "" });
    }
    this.emit("written");
    return this.#unsent().length - before;
  }

  async recover(): Promise<readonly CallRecord[]> {
    return [];
  }

  async unsent(limit: number): Promise<readonly CallRecord[]> {
    return this.#unsent().slice(0, limit);
  }

  async countUnsent(): Promise<number> {
    return this.#unsent().length;
  }

  async mark(ids: readonly string[], mark: string): Promise<void> {
    this.#check();
    for (const id of ids) {
      const found = this.records.get(id);
      assert.ok(found, `${id} is not on the disk`);
      found.mark = mark;
    }
  }

  async sentTo(): Promise<string | undefined> {
    return this.store;
  }

  async setSentTo(store: string): Promise<void> {
    this.#check();
    this.store = store;
  }

  async resend(): Promise<number> {
    return 0;
  }

  async trim(): Promise<number> {
    return 0;
  }

  async latest(): Promise<readonly CallRecord[]> {
    return [];
  }

  #unsent(): CallRecord[] {
    return [...this.records.values()].filter(({ mark }) => mark === "").map((each) => each.record);
  }

  #check(): void {
    if (this.full) {
      this.emit("refused");
      throw new CodedError("STORE_UNAVAILABLE", "the disk is full");
    }
  }
}

async function started(disk: Disk, options: Partial<RecordLedgerOptions> = {}): Promise<RecordLedger> {
  const timing = { batchMs: 20, retryMs: 20, interimMs: 20 };
  const ledger = new RecordLedger({ journal: disk, log: silentLog(), timing, ...options });
  await ledger.start();
  return ledger;
}

describe("record ledger", () => {
  it("writes a call that begins at once, and what follows shortly after together, each call in its last state", async () => {
    const disk = new Disk();
    const ledger = await started(disk, { timing: { batchMs: 300, interimMs: 60_000 } });
    ledger.opened(openCall("first"));
    await once(disk, "written");
    for (const id of ["a", "b"]) {
      ledger.opened(openCall(id));
      ledger.opened({ ...openCall(id), answeredMs: 5 });
    }
    ledger.closed(record("a"));
    await once(disk, "written");
    const shown = disk.batches.map(({ open, closed }) => [
      open.map(({ id }) => id),
      closed.map((each) => each.record.id),
    ]);
    assert.deepEqual(shown, [
      [["first"], []],
      [["b"], ["a"]],
    ]);
    assert.equal(disk.batches[1]?.open[0]?.answeredMs, 5);
    await ledger.stop();
  });

  it("tells the disk while calls go on, and only then", async () => {
    const disk = new Disk();
    const ledger = await started(disk, { timing: { interimMs: 10 } });
    ledger.opened(openCall("a"));
    await once(disk, "written");
    await once(disk, "written");
    await once(disk, "written");
    const seen = disk.batches.map(({ seenMs }) => seenMs);
    assert.deepEqual(
      seen,
      seen.toSorted((one, other) => one - other),
    );
    assert.equal(new Set(disk.batches.map(({ run }) => run)).size, 1);
    ledger.closed(record("a"));
    await ledger.stop();
    const { length } = disk.batches;
    const idle = await started(disk, { timing: { interimMs: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await idle.stop();
    assert.equal(disk.batches.length, length);
  });

  it("holds in memory what a full disk does not take, says so, sends it from there, and writes it once there is room", async () => {
    const disk = new Disk();
    const ledger = await started(disk);
    disk.full = true;
    ["a", "b", "c"].forEach((id) => ledger.closed(record(id)));
    await once(disk, "refused");
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ledger.status(), { unsent: 3, waiting: 3, lost: 0, diskProblem: "STORE_UNAVAILABLE" });
    assert.deepEqual(idsOf(await ledger.next(2)), ["a", "b"]);
    await ledger.acknowledge(["a", "b"], "sent");
    assert.deepEqual(idsOf(await ledger.next(2)), ["c"]);
    disk.full = false;
    await once(disk, "written");
    await ledger.stop();
    assert.deepEqual(
      [...disk.records.values()].map(({ record: { id }, mark }) => [id, mark]),
      [
        ["a", "sent"],
        ["b", "sent"],
        ["c", ""],
      ],
    );
    assert.deepEqual(ledger.status(), { unsent: 1, waiting: 0, lost: 0 });
  });

  it("does not send again what was sent while the disk could not note it", async () => {
    const disk = new Disk();
    const ledger = await started(disk);
    ledger.closed(record("a"));
    await once(disk, "written");
    disk.full = true;
    await ledger.acknowledge(["a"], "sent");
    assert.deepEqual(await ledger.next(9), []);
    assert.equal(ledger.status().unsent, 0);
    disk.full = false;
    await ledger.stop();
    assert.equal(disk.records.get("a")?.mark, "sent");
  });

  it("loses the oldest record when there is no room left, and counts it", async () => {
    const disk = new Disk();
    disk.full = true;
    const ledger = await started(disk, { maxWaiting: 2 });
    ["a", "b", "c"].forEach((id) => ledger.closed(record(id)));
    await once(disk, "refused");
    assert.deepEqual(idsOf(await ledger.next(9)), ["b", "c"]);
    assert.deepEqual([ledger.status().lost, ledger.status().waiting], [1, 2]);
    disk.full = false;
    await ledger.stop();
    assert.deepEqual([...disk.records.keys()], ["b", "c"]);
  });

  it("keeps records in memory until they are sent, where there is no disk", async () => {
    const ledger = new RecordLedger({ log: silentLog() });
    await ledger.start();
    let told = 0;
    const off = ledger.onUnsent(() => (told += 1));
    ledger.opened(openCall("a"));
    ledger.closed(record("a"));
    assert.equal(told, 1);
    assert.deepEqual(idsOf(await ledger.next(9)), ["a"]);
    await ledger.acknowledge(["a"], "sent");
    assert.deepEqual(ledger.status(), { unsent: 0, waiting: 0, lost: 0 });
    off();
    await ledger.stop();
  });
});
