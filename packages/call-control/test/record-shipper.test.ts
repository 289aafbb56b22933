import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import type { CallRecord } from "@mss/model";
import { CodedError, silentLog } from "@mss/runtime";
import { RecordLedger, RecordShipper } from "@mss/call-control/node";
import type { RecordReceipt, ShippingTiming } from "@mss/call-control/node";
import { Disk, idsOf, record } from "./support/disk.ts";

const TIMING = { pauseMs: 1, minRetryMs: 1, maxRetryMs: 5, checkMs: 60_000, stopMs: 1_000 };

/** The store of the hubs, which can be away, lose its answer and lose its data. */
class HubStore extends EventEmitter {
  store = "first";
  away = false;
  losesAnswer = false;
  refuses: string | undefined;
  readonly records = new Map<string, CallRecord>();
  readonly batches: string[][] = [];

  async take(records: readonly CallRecord[]): Promise<RecordReceipt> {
    this.batches.push(idsOf(records));
    try {
      if (this.away) {
        throw new CodedError("RECORDS_UNREACHABLE", "no hub", { reason: "connect ECONNREFUSED" });
      }
      const refused = records.flatMap(({ id }, index) => (id === this.refuses ? [index] : []));
      records.filter((_record, index) => !refused.includes(index)).forEach((each) => this.records.set(each.id, each));
      if (this.losesAnswer) {
        throw new CodedError("RECORDS_UNREACHABLE", "no hub", { reason: "socket hang up" });
      }
      return { store: this.store, refused };
    } finally {
      setImmediate(() => this.emit("asked"));
    }
  }

  lose(): void {
    this.store = "second";
    this.records.clear();
  }
}

async function start(t: TestContext, hubs: HubStore, disk: Disk, timing: Partial<ShippingTiming> = {}) {
  const log = silentLog();
  const ledger = new RecordLedger({ journal: disk, log, timing: { batchMs: 1, retryMs: 5 } });
  const shipper = new RecordShipper({
    ledger,
    send: (records) => hubs.take(records),
    hasDestination: () => true,
    log,
    timing: { ...TIMING, ...timing },
  });
  const stop = async (): Promise<void> => {
    await shipper.stop();
    await ledger.stop();
  };
  t.after(stop);
  await ledger.start();
  await shipper.start();
  await once(hubs, "asked");
  return { ledger, shipper, stop };
}

async function until(hubs: HubStore, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await once(hubs, "asked");
  }
}

const marksOf = (disk: Disk): string[] => [...disk.records.values()].map(({ mark }) => mark);

describe("record shipper", () => {
  it("sends each record, and again when the acknowledgement is lost, until the store has said that it has it", async (t) => {
    const [hubs, disk] = [new HubStore(), new Disk()];
    const { ledger, shipper } = await start(t, hubs, disk);
    ledger.closed(record("a"));
    await until(hubs, () => marksOf(disk).join() === "sent");
    hubs.losesAnswer = true;
    ledger.closed(record("b"));
    await until(hubs, () => hubs.batches.filter((ids) => ids.includes("b")).length > 2);
    assert.equal(shipper.status().problem, "socket hang up");
    assert.equal(shipper.status().unsent, 1);
    hubs.losesAnswer = false;
    await until(hubs, () => marksOf(disk).join() === "sent,sent");
    assert.deepEqual([...hubs.records.keys()], ["a", "b"]);
    const { goTo, unsent, problem, sentAt } = shipper.status();
    assert.deepEqual([goTo, unsent, problem], ["hubs", 0, undefined]);
    assert.ok(Date.parse(sentAt ?? "") > 0);
  });

  it("keeps what it has while nobody takes it, and sends all of it in batches afterwards", async (t) => {
    const [hubs, disk] = [new HubStore(), new Disk()];
    const { ledger, shipper } = await start(t, hubs, disk, { maxRetryMs: 60_000, minRetryMs: 60_000 });
    hubs.away = true;
    const ids = Array.from({ length: 1_200 }, (_none, index) => `call-${index}`);
    ids.forEach((id) => ledger.closed(record(id)));
    await until(hubs, () => shipper.status().problem !== undefined);
    await ledger.flush();
    assert.deepEqual([shipper.status().unsent, shipper.status().waiting], [1_200, 0]);
    hubs.away = false;
    shipper.retryNow();
    await until(hubs, () => shipper.status().unsent === 0);
    assert.deepEqual([...hubs.records.keys()], ids);
    assert.ok(Math.max(...hubs.batches.map(({ length }) => length)) <= 100);
  });

  it("sends from memory while the disk is full", async (t) => {
    const [hubs, disk] = [new HubStore(), new Disk()];
    const { ledger, shipper } = await start(t, hubs, disk);
    disk.full = true;
    ledger.closed(record("a"));
    await until(hubs, () => hubs.records.has("a"));
    assert.equal(shipper.status().diskProblem, "STORE_UNAVAILABLE");
  });

  it("sends everything again to a store that has lost what it had", async (t) => {
    const [hubs, disk] = [new HubStore(), new Disk()];
    const { ledger, shipper, stop } = await start(t, hubs, disk);
    ["a", "b", "c"].forEach((id) => ledger.closed(record(id)));
    await until(hubs, () => marksOf(disk).join() === "sent,sent,sent");
    hubs.lose();
    shipper.retryNow(); // it has nothing to send, and asks
    await until(hubs, () => hubs.records.size === 3 && disk.store === "second");
    await stop();
    assert.deepEqual(marksOf(disk), ["sent", "sent", "sent"]);
  });

  it("does not send again what a hub will never take, nor hold up the others for it", async (t) => {
    const [hubs, disk] = [new HubStore(), new Disk()];
    hubs.refuses = "b";
    const { ledger } = await start(t, hubs, disk);
    ["a", "b", "c"].forEach((id) => ledger.closed(record(id)));
    await until(hubs, () => hubs.records.has("c"));
    await ledger.flush();
    assert.deepEqual(marksOf(disk), ["sent", "refused", "sent"]);
  });

  it("sends what is left before it stops", async (t) => {
    const [hubs, disk] = [new HubStore(), new Disk()];
    const { ledger, stop } = await start(t, hubs, disk, { pauseMs: 60_000 });
    ledger.closed(record("a"));
    await stop();
    assert.deepEqual([[...hubs.records.keys()], marksOf(disk)], [["a"], ["sent"]]);
  });
});
