import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, silentLog } from "@mss/runtime";
import { Counter, createHttpServer, createMetrics } from "@mss/runtime/http";

test("health, metrics and views are served, and nothing else", async (t) => {
  const registry = createMetrics({ node: "n1" }, false);
  const calls = new Counter({ name: "calls_total", help: "calls", registers: [registry] });
  calls.inc(3);
  let ok = true;
  const server = createHttpServer({
    listen: { port: 0 },
    log: silentLog(),
    registry,
    health: () => ({ ok, revision: 7 }),
    views: {
      "/calls": () => [{ id: "a" }],
      "/broken": () => {
        throw new Error("secret detail");
      },
    },
  });
  await server.start();
  t.after(() => server.stop());
  const address = server.address();
  assert.equal(address?.host, "127.0.0.1");
  const base = `http://127.0.0.1:${address.port}`;

  const health = await fetch(`${base}/health`);
  assert.equal(health.status, 200);
  assert.deepEqual(await health.json(), { ok: true, revision: 7 });
  ok = false;
  assert.equal((await fetch(`${base}/health`)).status, 503);
  assert.match(await (await fetch(`${base}/metrics`)).text(), /calls_total\{node="n1"\} 3/);
  assert.deepEqual(await (await fetch(`${base}/calls`)).json(), [{ id: "a" }]);
  assert.equal((await fetch(`${base}/nothing`)).status, 404);
  const broken = await fetch(`${base}/broken`);
  assert.equal(broken.status, 500);
  assert.doesNotMatch(await broken.text(), /secret detail/);
});

test("an address that is taken is a coded failure", async (t) => {
  const options = {
    log: silentLog(),
    registry: createMetrics({}, false),
    health: () => ({ ok: true }),
    views: {},
  };
  const first = createHttpServer({ ...options, listen: { port: 0 } });
  await first.start();
  t.after(() => first.stop());
  const second = createHttpServer({ ...options, listen: { port: first.address()?.port ?? 0 } });
  t.after(() => second.stop());
  await assert.rejects(second.start(), (error) => hasCode(error, "HTTP_LISTEN_FAILED"));
});
