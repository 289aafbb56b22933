import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLog } from "@mss/runtime";
import { StoreError, openBranchStore } from "@mss/store";
import type { BranchStore } from "@mss/store";
import { bindingStoreContract } from "./contract/binding-store-contract.ts";
import { callJournalContract } from "./contract/call-journal-contract.ts";
import { copyStoreContract } from "./contract/copy-store-contract.ts";
import type { MakeStore } from "./contract/fixture.ts";
import { eventually } from "./support/eventually.ts";
import { sampleBinding, sampleRecord } from "./support/samples.ts";

const LIMITS = { maxContacts: 3, nowMs: 1_000 };

function open(file: string): BranchStore {
  return openBranchStore({ file, log: silentLog() });
}

function fresh<Store>(pick: (store: BranchStore) => Store): MakeStore<Store> {
  return async () => {
    const store = open(":memory:");
    await store.start();
    return { store: pick(store), close: () => store.stop() };
  };
}

async function inFolder(body: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "mss-branch-"));
  try {
    await body(join(folder, "branch.db"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const batchOf = (id: string) => ({
  run: "run",
  seenMs: 0,
  open: [],
  closed: [{ record: sampleRecord(id), sent: false }],
});
const withCode = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code;

bindingStoreContract(fresh((store) => store.bindings));
callJournalContract(fresh((store) => store.callRecords));
copyStoreContract(fresh((store) => store.topologyCopy));

describe("branch store", () => {
  it("keeps bindings and records over a restart, in a file that a second start does not change", () =>
    inFolder(async (file) => {
      const before = open(file);
      await before.start();
      await before.bindings.apply("1000", { set: [sampleBinding()], remove: [] }, LIMITS);
      await before.callRecords.write(batchOf("a"));
      await before.stop();
      const after = open(file);
      await after.start();
      await after.start();
      assert.deepEqual(await after.bindings.find("1000", 1_000), [sampleBinding()]);
      assert.deepEqual(await after.callRecords.latest(1), [sampleRecord("a")]);
      await after.stop();
      await after.stop();
    }));

  it("writes the changes of one turn together, each with its own outcome, and one that fails fails alone", () =>
    inFolder(async (file) => {
      const store = open(file);
      await store.start();
      const apply = (aor: string, expiresAt: number, contact = `sip:${aor}@192.0.2.1`) =>
        store.bindings.apply(aor, { set: [sampleBinding({ aor, contact, expiresAt })], remove: [] }, LIMITS);
      const changes = [
        apply("1000", 9_000),
        apply("1001", 9_000),
        apply("1002", 9_000.5), // no integer: SQLite refuses it
        apply("1001", 9_000, "sip:second@192.0.2.1"),
      ];
      const [first, second, failed, third] = await Promise.allSettled(changes);
      assert.deepEqual([first?.status, second?.status, third?.status], ["fulfilled", "fulfilled", "fulfilled"]);
      assert.ok(failed?.status === "rejected" && withCode("STORE_FAILED")(failed.reason));
      assert.equal((await store.bindings.find("1001", 1_000)).length, 2);
      const last = apply("1003", 9_000);
      await store.stop(); // what was asked for is in the file
      await last;
      await store.start();
      assert.deepEqual(
        (await store.bindings.all(1_000)).map(({ aor }) => aor),
        ["1000", "1001", "1001", "1003"],
      );
      await store.stop();
    }));

  it("is closed before the start and after the stop", async () => {
    const store = open(":memory:");
    await assert.rejects(store.bindings.all(0), withCode("STORE_CLOSED"));
    await store.start();
    await store.stop();
    await assert.rejects(store.callRecords.latest(1), withCode("STORE_CLOSED"));
  });

  it("says that a file is no database", () =>
    inFolder(async (file) => {
      await writeFile(file, "this is not a database, however long it may be ".repeat(100));
      await assert.rejects(open(file).start(), withCode("STORE_CORRUPT"));
    }));

  it("says that the folder is not there", () =>
    inFolder((file) => assert.rejects(open(join(file, "none", "x.db")).start(), withCode("STORE_UNAVAILABLE"))));

  it("lets its log grow no further than about the size at which another thread brings it into the file", () =>
    inFolder(async (file) => {
      const store = open(file);
      await store.start();
      for (let batch = 0; batch < 12; batch += 1) {
        const closed = Array.from({ length: 1_000 }, (_unused, index) => sampleRecord(`${batch}-${index}`));
        await store.callRecords.write({
          run: "run",
          seenMs: 0,
          open: [],
          closed: closed.map((record) => ({ record, sent: false })),
        });
      }
      const grown = (await stat(`${file}-wal`)).size;
      assert.ok(grown > 4_194_304, "no commit waited for a checkpoint");
      let later = 0;
      await eventually("the log begins anew", async () => {
        later += 1;
        await store.callRecords.write(batchOf(`later-${later}`));
        await sleep(20);
        return (await stat(`${file}-wal`)).size <= 1_048_576;
      });
      await store.stop();
      const after = open(file);
      await after.start();
      assert.equal(await after.callRecords.countUnsent(), 12_000 + later);
      await after.stop();
    }));

  it("says that another process holds the file", () =>
    inFolder(async (file) => {
      const other = new DatabaseSync(file);
      other.exec("BEGIN EXCLUSIVE; CREATE TABLE held (x)");
      await assert.rejects(open(file).start(), withCode("STORE_LOCKED"));
      other.close();
    }));

  it("refuses a file of a newer version and leaves it as it is", () =>
    inFolder(async (file) => {
      const newer = new DatabaseSync(file);
      newer.exec("PRAGMA user_version = 99");
      await assert.rejects(open(file).start(), withCode("STORE_NEWER"));
      assert.equal(newer.prepare("PRAGMA user_version").get()?.["user_version"], 99);
      newer.close();
    }));

  it("refuses to read a corrupt row, and only that", () =>
    inFolder(async (file) => {
      const store = open(file);
      await store.start();
      await store.bindings.apply("1000", { set: [sampleBinding()], remove: [] }, LIMITS);
      await store.bindings.apply("1001", { set: [sampleBinding({ aor: "1001" })], remove: [] }, LIMITS);
      await store.callRecords.write(batchOf("a"));
      await store.topologyCopy.save({ revision: 7 });
      const other = new DatabaseSync(file);
      other.exec("UPDATE bindings SET transport = 'pigeon' WHERE aor = '1000'; UPDATE call_records SET record = '{'");
      other.exec("UPDATE copies SET document = '{\"revision\":8}'");
      other.close();
      await store.stop(); // what was read once is remembered while the file is open
      await store.start();
      await assert.rejects(store.bindings.find("1000", 1_000), withCode("STORE_CORRUPT"));
      await assert.rejects(store.callRecords.latest(1), withCode("STORE_CORRUPT"));
      await store.callRecords.write(batchOf("b"));
      assert.deepEqual(await store.callRecords.unsent(9), [sampleRecord("b")]);
      assert.equal(await store.callRecords.countUnsent(), 1);
      await assert.rejects(store.topologyCopy.load(), withCode("STORE_CORRUPT"));
      assert.equal((await store.bindings.find("1001", 1_000)).length, 1);
      await store.stop();
    }));
});
