import assert from "node:assert/strict";
import { test } from "node:test";
import { runMss, startMss } from "./support/run-mss.ts";

test("demo --once --json places the three calls and prints one object for each", async () => {
  const { status, out, err } = await runMss(["demo", "--once", "--json"]);
  assert.equal(status, 0, err);
  const calls: unknown[] = out
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  assert.partialDeepStrictEqual(calls, [
    { from: "1000", to: "4000", path: ["1000", "hk", "hub-1", "london", "4000"], result: "answered" },
    { from: "4000", to: "1000", path: ["4000", "london", "hub-1", "hk", "1000"], result: "answered" },
    { from: "1000", to: "1001", path: ["1000", "hk", "1001"], result: "answered" },
  ]);
  assert.equal(err, "", "nothing to warn about");
});

test("demo stays up and says how to register a softphone, until it is interrupted", async () => {
  const demo = startMss(["demo"]);
  await demo.wrote(/Ctrl-C ends the demo/);
  demo.child.kill("SIGINT");
  const { status, out } = await demo.finished;
  assert.equal(status, 0);
  assert.match(out, /1000 ──▶ hk +──▶ hub-1 +──▶ london +──▶ 4000/);
  assert.match(out, /Hong Kong: server 127\.0\.0\.2:5060 \(UDP or TCP\), user 1002, password demo-phone-hk/);
});

test("the node ends with the command that started it, also when that is killed", async () => {
  const demo = startMss(["demo"]);
  await demo.wrote(/Ctrl-C ends the demo/);
  demo.child.kill("SIGKILL");
  await demo.finished; // both streams are closed: nobody holds them any more
});
