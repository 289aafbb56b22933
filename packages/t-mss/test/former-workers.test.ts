import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { RecordLedger } from "@mss/call-control/node";
import { silentLog } from "@mss/runtime";
import { createMemoryStores, openCallJournal } from "@mss/store";
import { formerWorkers, journalFile } from "../src/former-workers.ts";

const log = silentLog();

test("records of workers that are not started any more are sent, those of a crash among them", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "mss-former-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const openJournal = (file: string) => openCallJournal({ file, log });
  for (const worker of [1, 2, 3]) {
    const opened = openJournal(path.join(directory, journalFile("hub-1", worker)));
    const ledger = new RecordLedger({ journal: opened.journal, log });
    await opened.start();
    await ledger.start();
    ledger.opened({
      id: `call-${worker}`,
      sessionId: String(worker).repeat(32),
      node: "hub-1",
      from: "1000",
      to: "4000",
      origin: "branch:hk",
      startedAt: "2026-11-24T12:00:00.000Z",
      startedMs: 1,
    });
    await ledger.flush();
    await opened.stop(); // as a crash leaves it: the call is open
  }
  const { callRecords } = createMemoryStores({ log });
  const former = formerWorkers({ directory, hub: "hub-1", workers: 2, openJournal, callRecords, log });
  await former.start();
  const deadline = performance.now() + 10_000;
  while ((await callRecords.latest(10)).length === 0) {
    assert.ok(performance.now() < deadline, "the record was not sent");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await former.stop();
  assert.deepEqual(
    (await callRecords.latest(10)).map(({ id, endedBy }) => [id, endedBy]),
    [["call-3", "crash"]],
  );
});

test("a directory that is not there leaves nothing to be sent", async () => {
  const { callRecords } = createMemoryStores({ log });
  const options = { directory: path.join(tmpdir(), "mss-not-there"), hub: "hub-1", workers: 1, callRecords, log };
  const former = formerWorkers({ ...options, openJournal: (file) => openCallJournal({ file, log }) });
  await former.start();
  await former.stop();
});
