import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { silentLog } from "@mss/runtime";
import { RecordLedger } from "@mss/call-control/node";
import type { RecordLedgerOptions } from "@mss/call-control/node";
import { Disk, idsOf, openCall, record } from "./support/disk.ts";

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
