import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { RequestOutcome } from "@mss/call-control";
import { silentLog } from "@mss/runtime";
import { HubProbe } from "../src/hub-probe.ts";

const SILENT: RequestOutcome = { kind: "failed", failure: "timeout", reason: "nothing came" };

function answered(status: number): RequestOutcome {
  return { kind: "answered", status, reason: "", body: "", header: () => undefined };
}

interface Probed {
  readonly probe: HubProbe;
  /** Resolves when all answers have been given and judged: with what the probe told, in order. */
  readonly told: Promise<readonly boolean[]>;
}

function probing(t: TestContext, answers: readonly RequestOutcome[], goodStatuses = [200]): Probed {
  const told: boolean[] = [];
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<readonly boolean[]>();
  const probe = new HubProbe({
    peer: "hub-1",
    options: () => ({ method: "OPTIONS", uri: "sip:192.0.2.2:5060" }),
    log: silentLog(),
    timing: { intervalMs: 1, timeoutMs: 1, downAfter: 2, upAfter: 3, goodStatuses },
    onChange: (isAlive) => told.push(isAlive),
    request: ({ method }) => {
      assert.equal(method, "OPTIONS");
      const answer = answers[asked];
      asked += 1;
      if (answer === undefined) {
        resolve(told);
        return new Promise(() => {}); // the last one is judged when the next is asked for
      }
      return Promise.resolve(answer);
    },
  });
  probe.start();
  t.after(() => void probe.stop());
  return { probe, told: promise };
}

const CASES: readonly {
  readonly name: string;
  readonly answers: readonly RequestOutcome[];
  readonly told: readonly boolean[];
  readonly goodStatuses?: number[];
}[] = [
  { name: "a hub that answers stays alive, and nothing is told", answers: [answered(200), answered(200)], told: [] },
  { name: "one answer that is lost is no death", answers: [SILENT, answered(200), SILENT, answered(200)], told: [] },
  { name: "two in a row are", answers: [answered(200), SILENT, SILENT], told: [false] },
  {
    name: "a dead hub is trusted after three answers in a row",
    answers: [SILENT, SILENT, answered(200), answered(200), SILENT, answered(200), answered(200), answered(200)],
    told: [false, true],
  },
  { name: "two answers are not enough", answers: [SILENT, SILENT, answered(200), answered(200)], told: [false] },
  { name: "one that says it takes no calls is believed at once", answers: [answered(503)], told: [false] },
  { name: "which statuses are good can be said", answers: [answered(404)], goodStatuses: [200, 404], told: [] },
];

for (const { name, answers, told, goodStatuses } of CASES) {
  test(name, async (t) => {
    const probed = probing(t, answers, goodStatuses);
    assert.deepEqual(await probed.told, told);
    assert.equal(probed.probe.isAlive, told.at(-1) ?? true);
  });
}
