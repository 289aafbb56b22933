import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLog } from "@mss/runtime";
import { openBranchStore } from "@mss/store";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { branchSettings } from "./support/settings.ts";

const [HOST, HUB_HOST] = ["127.16.40.2", "127.16.40.1"];
const PROCESS = fileURLToPath(new URL("support/branch-process.ts", import.meta.url));

test("CH-11: a branch that is killed has one record of each call, with the time it is known to have lasted", async (t) => {
  const dataDirectory = await temporaryDirectory(t);
  const killed = spawn(process.execPath, [PROCESS, HOST, HUB_HOST, dataDirectory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => killed.kill("SIGKILL"));
  await once(killed.stdout, "data");
  const server = { host: HOST, port: 5060 };
  const [alice, bob, carol, dave] = await Promise.all(
    ["1000", "1001", "1002", "1003"].map((number, index) =>
      openPhone(t, number, { host: `127.16.40.${10 + index}`, server }),
    ),
  );
  assert.ok(alice && bob && carol && dave);
  await Promise.all([alice, bob, carol, dave].map((phone) => phone.register()));

  const over = await alice.call("1001");
  (await bob.nextCall()).answer();
  await over.final;
  await over.bye();
  const goingOn = await alice.call("1001");
  (await bob.nextCall()).answer();
  await goingOn.final;
  const answeredMs = performance.now();
  const ringing = await carol.call("1003");
  (await dave.nextCall()).ring();
  await ringing.provisional(180);
  await new Promise((resolve) => setTimeout(resolve, 200)); // longer than what happens is held back for
  killed.kill("SIGKILL");
  await once(killed, "exit");
  const lastedMs = performance.now() - answeredMs;

  const branch = await runBranch(t, branchSettings(HOST, HUB_HOST, { dataDirectory }));
  assert.equal(branch.status().calls, 0);
  await branch.stop();
  const store = openBranchStore({ file: path.join(dataDirectory, "hk.sqlite"), log: silentLog() });
  await store.start();
  const records = await store.callRecords.latest(9);
  await store.stop();
  assert.deepEqual(records.map(({ from, to, result, endedBy }) => `${from} ${to} ${result} ${endedBy}`).toSorted(), [
    "1000 1001 answered caller",
    "1000 1001 answered crash",
    "1002 1003 failed crash",
  ]);
  const crashed = records.find(({ result, endedBy }) => result === "answered" && endedBy === "crash");
  assert.ok(crashed);
  const shownMs = Date.parse(crashed.endedAt) - Date.parse(crashed.answeredAt ?? "");
  assert.ok(Math.abs(shownMs - crashed.durationMs) <= 1, "its times agree with its duration");
  const errorMs = lastedMs - crashed.durationMs;
  assert.ok(errorMs >= -5 && errorMs < 10_000, `lasted ${lastedMs} ms, recorded ${crashed.durationMs} ms`);
});
