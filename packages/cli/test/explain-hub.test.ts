import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runNode } from "./support/live-node.ts";
import { runProgram } from "./support/run-program.ts";

const FILE = `
federation: acme
demo: true
hubs:
  hub-1:
    sip: { listen: ["udp://127.31.1.1:5060"] }
    http: { listen: "127.31.1.1:8080" }
    tls: { listen: false }
  hub-2:
    sip: { listen: ["udp://127.31.1.2:5060"] }
    tls: { listen: false }
branches:
  hk:
    numbers: [1xxx]
    sip: { listen: ["udp://127.31.1.3:5060"] }
    trunk: { secret: trunk-of-hk-1234, hubs: [hub-1] }
  london:
    numbers: [4xxx]
    sip: { listen: ["udp://127.31.1.4:5060"] }
    trunk: { secret: trunk-of-london-1234, hubs: [hub-1], maxCalls: 20 }
`;

test("explain --hub asks the running hub, and says what to do when it cannot", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-explain-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "acme.yaml");
  await writeFile(file, FILE);
  const ask = (hub: string, ...more: readonly string[]) =>
    runProgram(["explain", "1000", "4012", "--file", file, "--hub", hub, ...more]);
  const hub = await runNode(t, file, "hub-1");
  const { status, out } = await ask("hub-1");
  assert.equal(status, 1, "no trunk is up");
  assert.match(out, /london.*down/);
  const { out: json } = await ask("hub-1", "--json", "--at", "sat 23:00");
  assert.partialDeepStrictEqual(JSON.parse(json), {
    revision: 1,
    outcome: { kind: "refused", status: 503 },
    steps: [{}, {}, { targets: [{ branch: "london", trunk: { state: "down", calls: 0, maxCalls: 20 } }] }],
  });
  for (const [id, more, message] of [
    ["hub-3", [], /there is no hub hub-3; the hubs are hub-1, hub-2/],
    ["hub-2", [], /hub-2 cannot be asked: give it http/],
    ["hub-1", ["--at", "soon"], /soon is no time/],
  ] as const) {
    const wrong = await ask(id, ...more);
    assert.equal(wrong.status, 2);
    assert.match(wrong.err, message);
  }
  await hub.stop();
  const { status: away, err } = await ask("hub-1");
  assert.equal(away, 2);
  assert.match(err, /hub-1\.token cannot be read \(ENOENT\): ask on the machine of hub-1/);
});
