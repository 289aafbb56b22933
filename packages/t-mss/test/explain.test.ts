import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { startFederation } from "./support/federation.ts";
import { HK, LONDON, hubSettings, snapshotOf } from "./support/settings.ts";

interface Asked {
  readonly status: number;
  readonly body: unknown;
}

/** A hub that can be asked, with hk and london registered. */
async function askedHub(t: TestContext, subnet: number, snapshot = snapshotOf()) {
  const directory = await mkdtemp(path.join(tmpdir(), "mss-explain-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const http = { host: `127.17.${subnet}.1`, port: 8080 };
  const settings = hubSettings(http.host, { http, dataDirectory: directory });
  const federation = await startFederation(t, { subnet, hub: { settings, snapshot } });
  const file = path.join(directory, "hub-1.token");
  const ask = async (query: string, token?: string): Promise<Asked> => {
    const headers = { authorization: `Bearer ${token ?? (await readFile(file, "utf8")).trim()}` };
    const response = await fetch(`http://${http.host}:${http.port}/explain?${query}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  return { federation, file, ask };
}

test("a running hub explains a call by the plan in force, with its trunks and their limits", async (t) => {
  const { ask, federation } = await askedHub(t, 186, snapshotOf({ london: { maxCalls: 7 } }));
  const answer = await ask("from=1000&to=4012");
  assert.equal(answer.status, 200);
  assert.partialDeepStrictEqual(answer.body, {
    revision: 1,
    outcome: { kind: "bridged", branch: LONDON, number: "4012", path: [HK, "hub-1", LONDON] },
    steps: [
      { kind: "origin", branch: HK },
      { kind: "branch", decision: "uplink" },
      {
        kind: "hub",
        hub: "hub-1",
        decision: "route",
        originTrunk: { state: "up", calls: 0 },
        targets: [{ branch: LONDON, trunk: { state: "up", calls: 0, maxCalls: 7 } }],
      },
      { kind: "branch", branch: LONDON, decision: "local" },
    ],
  });
  await federation.london.stop();
  const away = await ask("from=1000&to=4012&at=sat%2023:00");
  assert.partialDeepStrictEqual(away.body, { outcome: { kind: "refused", status: 503 } });
  const unknown = await ask("from=1000&to=9");
  assert.partialDeepStrictEqual(unknown.body, { outcome: { kind: "refused", status: 404 } });
});

test("only who may read the hub's data may ask it, and a question that is none says what is wrong", async (t) => {
  const { ask, file, federation } = await askedHub(t, 187);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  for (const token of ["", "x", `${(await readFile(file, "utf8")).trim()}x`]) {
    assert.partialDeepStrictEqual(await ask("from=1000&to=4000", token), { status: 401 });
  }
  for (const query of [
    "from=1000",
    "from=1000&to=",
    "from=1000&to=4000&also=1",
    "from=1000&to=4000&at=soon",
    `from=1&to=${"4".repeat(99)}`,
  ]) {
    assert.partialDeepStrictEqual(await ask(query), { status: 400 }, query);
  }
  await federation.hub.stop();
  await assert.rejects(stat(file), { code: "ENOENT" });
});

test("a large plan is explained in a thread of its own", async (t) => {
  const numbers = Array.from({ length: 3_000 }, (_unused, at) => `5${100_000 + at * 20}-5${100_000 + at * 20 + 12}`);
  const { ask } = await askedHub(t, 188, snapshotOf({ paris: { numbers } }));
  const answer = await ask("from=1000&to=4012");
  assert.partialDeepStrictEqual(answer.body, { outcome: { kind: "bridged", branch: LONDON } });
});
