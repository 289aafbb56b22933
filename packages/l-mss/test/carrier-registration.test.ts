import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { TestContext } from "node:test";
import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import type { CarrierLineSettings } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { CarrierLines } from "../src/carrier/carrier-lines.ts";
import type { CarrierLinesOptions } from "../src/carrier/carrier-lines.ts";
import { lineTo } from "./support/carrier.ts";

const SILENT: RequestOutcome = { kind: "failed", failure: "timeout", reason: "nothing came" };

function answered(status: number, headers: Readonly<Record<string, string>> = {}): RequestOutcome {
  const sentContact = "<sip:85221230000@192.0.2.1:5060>"; // the engine has put the address in
  return {
    kind: "answered",
    status,
    reason: `reason ${status}`,
    body: "",
    header: (name) => headers[name],
    sentContact,
  };
}

function challenge(realm: string, rest = ""): RequestOutcome {
  return answered(401, { "WWW-Authenticate": `Digest realm="${realm}", nonce="n1", qop="auth"${rest}` });
}

interface Asked {
  readonly lines: CarrierLines;
  readonly requests: readonly OutgoingRequest[];
  /** Lets what is due after so long be done. */
  readonly passes: (ms: number) => Promise<void>;
}

/** What has become due is done. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A line to a carrier that answers what `answers` says, in order, and then for ever its last word. Time stands still. */
async function lineAt(
  t: TestContext,
  answers: readonly RequestOutcome[],
  { line = {}, ...options }: Partial<CarrierLinesOptions> & { readonly line?: Partial<CarrierLineSettings> } = {},
): Promise<Asked> {
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 0.5); // no jitter
  const requests: OutgoingRequest[] = [];
  const lines = new CarrierLines({
    settings: { carrierLines: [lineTo("192.0.2.200", line)] },
    log: silentLog(),
    onState: () => undefined,
    request: (request) => {
      requests.push(request);
      const answer = answers[Math.min(requests.length, answers.length) - 1] ?? SILENT;
      return Promise.resolve(request.headers?.["Expires"] === "0" ? answered(200) : answer);
    },
    ...options,
  });
  t.after(async () => {
    await lines.stop();
    mock.timers.reset();
    mock.restoreAll();
  });
  await lines.start();
  await settle();
  return {
    lines,
    requests,
    passes: async (ms) => {
      mock.timers.tick(ms);
      await settle();
    },
  };
}

test("a registration is refreshed at half of what the carrier grants, and taken back at the end", async (t) => {
  const granted = answered(200, {
    Contact: "<sip:85221230000@192.0.2.1:5060>;expires=120, <sip:other@192.0.2.9>;expires=9",
  });
  const { lines, requests, passes } = await lineAt(t, [granted]);
  const [first] = requests;
  assert.equal(first?.method, "REGISTER");
  assert.equal(first.uri, "sip:carrier.example");
  assert.equal(first.proxy, "sip:192.0.2.200:5060");
  assert.equal(first.headers?.["Expires"], "600");
  assert.deepEqual(
    lines.linesUp().map(({ id }) => id),
    ["pccw"],
  );
  await passes(59_999);
  assert.equal(requests.length, 1);
  await passes(1);
  assert.equal(requests.length, 2);
  await lines.stop();
  assert.equal(requests.at(-1)?.headers?.["Expires"], "0");
});

test("423: so long as the carrier wants it", async (t) => {
  const { lines, requests, passes } = await lineAt(t, [answered(423, { "Min-Expires": "3600" }), answered(200)]);
  assert.deepEqual(lines.linesUp(), []);
  await passes(1_000);
  assert.equal(requests[1]?.headers?.["Expires"], "3600");
  assert.equal(lines.states()[0]?.state, "up");
});

test("423 that asks for no more than was given is a refusal, not a loop", async (t) => {
  const { requests, passes } = await lineAt(t, [answered(423, { "Min-Expires": "60" })]);
  await passes(200_000);
  assert.equal(requests.length, 1);
});

test("a carrier that is away is asked after 1, 2, 4 … 60 s, and not before it wants to be", async (t) => {
  const { lines, requests, passes } = await lineAt(t, [
    SILENT,
    SILENT,
    answered(503, { "Retry-After": "90" }),
    answered(200),
  ]);
  const problem = lines.states()[0]?.problem;
  assert.deepEqual([problem?.code, problem?.reason], ["CARRIER_UNREACHABLE", "timeout"]);
  await passes(1_000);
  assert.equal(requests.length, 2);
  await passes(1_999);
  assert.equal(requests.length, 2);
  await passes(1);
  assert.equal(requests.length, 3);
  await passes(60_000);
  assert.equal(requests.length, 3, "Retry-After is longer than the pause");
  await passes(30_000);
  assert.equal(lines.states()[0]?.state, "up");
});

for (const [name, answer, sip, advice] of [
  ["a wrong password", challenge("carrier.example"), 401, /the password or the user name is wrong/],
  ["another realm", challenge("asterisk"), 401, /asks for the realm "asterisk": write account\.realm/],
  ["an account that is closed", answered(403), 403, /ask the carrier whether the account is open/],
] as const) {
  test(`${name} is told with advice, and tried again after five minutes only`, async (t) => {
    const { lines, requests, passes } = await lineAt(t, [answer, answered(200)]);
    const problem = lines.states()[0]?.problem;
    assert.deepEqual([problem?.code, problem?.sip], ["CARRIER_REFUSED", sip]);
    assert.match(problem?.advice ?? "", advice);
    await passes(299_999);
    assert.equal(requests.length, 1);
    await passes(1);
    assert.equal(lines.states()[0]?.state, "up");
    assert.equal(lines.states()[0]?.problem, undefined);
  });
}

test("a nonce that was too old costs one more attempt, and no five minutes", async (t) => {
  const { lines, passes } = await lineAt(t, [challenge("carrier.example", ", stale=true"), answered(200)]);
  await passes(1_000);
  assert.equal(lines.states()[0]?.state, "up");
});

test("a line without an account is up until the carrier answers no OPTIONS, and any answer will do", async (t) => {
  const line = { id: "plain", server: { transport: "udp", host: "192.0.2.200", port: 5060 } as const };
  const { account: _account, register: _register, ...rest } = lineTo("192.0.2.200", line);
  const told: string[] = [];
  const { lines, requests, passes } = await lineAt(t, [answered(405), SILENT, SILENT, answered(404)], {
    settings: { carrierLines: [{ ...rest, probe: true }] },
    onState: (which, state) => told.push(`${which} ${state}`),
  });
  assert.equal(requests[0]?.method, "OPTIONS");
  await passes(30_000);
  await passes(100);
  assert.equal(lines.states()[0]?.problem?.code, "CARRIER_UNREACHABLE");
  await passes(30_000);
  assert.deepEqual(told, ["plain up", "plain down", "plain up"]);
});

test("other settings touch the lines that they change, and no others", async (t) => {
  const { lines, requests, passes } = await lineAt(t, [answered(200)]);
  lines.update({ carrierLines: [lineTo("192.0.2.200"), lineTo("192.0.2.201", { id: "more" })] });
  await passes(0);
  assert.deepEqual(
    requests.map(({ proxy }) => proxy),
    ["sip:192.0.2.200:5060", "sip:192.0.2.201:5060"],
  );
  lines.update({ carrierLines: [lineTo("192.0.2.201", { id: "more" })] });
  await passes(0);
  assert.deepEqual([requests.length, requests.at(-1)?.headers?.["Expires"]], [3, "0"], "that of the one that is gone");
  assert.deepEqual(
    lines.states().map(({ line }) => line),
    ["more"],
  );
});
