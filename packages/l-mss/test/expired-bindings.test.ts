import assert from "node:assert/strict";
import { test } from "node:test";
import type { Binding } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import { ExpiredBindings } from "../src/expired-bindings.ts";

const HOUR_MS = 3_600_000;

function binding(aor: string, expiresAt: number): Binding {
  return {
    aor,
    contact: `sip:${aor}@127.0.0.1`,
    source: { transport: "udp", host: "127.0.0.1", port: 5060 },
    callId: "call",
    cseq: 1,
    expiresAt,
  };
}

test("a phone that never came back is forgotten, one that is registered stays", async (context) => {
  const { bindings } = createMemoryStores();
  const nowMs = Date.now();
  const limits = { maxContacts: 3, nowMs: nowMs - HOUR_MS };
  await bindings.apply("1000", { set: [binding("1000", nowMs - 1_000)], remove: [] }, limits);
  await bindings.apply("1001", { set: [binding("1001", nowMs + HOUR_MS)], remove: [] }, limits);
  const forgotten = Promise.withResolvers<number>();
  const part = new ExpiredBindings({
    bindings: {
      async purge(atMs) {
        const count = await bindings.purge(atMs);
        forgotten.resolve(count);
        return count;
      },
    },
    log: silentLog(),
    intervalMs: 1,
  });
  context.after(() => part.stop());
  await part.start();
  assert.equal(await forgotten.promise, 1);
  assert.equal((await bindings.find("1001", nowMs)).length, 1);
  assert.equal((await bindings.find("1000", nowMs - HOUR_MS)).length, 0);
});
