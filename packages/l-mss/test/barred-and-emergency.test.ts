import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import { extensionNumberSchema } from "@mss/model";
import type { BranchSettings, CallRecord, GatewaySettings } from "@mss/model";
import { parseNameAddress } from "@mss/sip-message";
import { openPhone, runBranch, temporaryDirectory } from "./support/branch.ts";
import { branchSettings } from "./support/settings.ts";

const HOST = "127.17.4.1";
const SERVER = { host: HOST, port: 5060 };

async function start(t: TestContext, overrides: Partial<BranchSettings>): Promise<readonly CallRecord[]> {
  const records: CallRecord[] = [];
  const dataDirectory = await temporaryDirectory(t);
  const settings = branchSettings(HOST, "127.17.4.2", { dataDirectory, ...overrides });
  await runBranch(t, settings, { onRecord: (record) => records.push(record) });
  return records;
}

async function phone(t: TestContext, number: string, place: number): Promise<SipPhone> {
  const opened = await openPhone(t, number, { host: `127.17.4.${place}`, server: SERVER });
  assert.equal((await opened.register()).status, 200);
  return opened;
}

function gateway(id: string, place: number, rest: Partial<GatewaySettings> = {}) {
  const address = { transport: "udp", host: `127.17.4.${place}`, port: 5060 } as const;
  return { kind: "gateway", gateway: { id, address, ...rest } } as const;
}

/** What stands at the address of a gateway. */
async function openGateway(t: TestContext, place: number): Promise<SipPhone> {
  const opened = await SipPhone.open({
    username: "gateway",
    password: "none",
    host: `127.17.4.${place}`,
    port: 5060,
    server: SERVER,
  });
  t.after(() => opened.close());
  return opened;
}

test("an emergency call goes to the gateway of the branch, with a number that can be called back", async (t) => {
  const pstn = gateway("pstn", 20, { caller: { prepend: "85221" } });
  const records = await start(t, { emergency: { numbers: ["999"], to: [pstn] } });
  const network = await openGateway(t, 20);
  const alice = await phone(t, "1000", 10);
  const call = await alice.call("999");
  const incoming = await network.nextCall();
  assert.match(incoming.request.uri, /^sip:999@127\.17\.4\.20/);
  const from = parseNameAddress(incoming.request.headers.get("From") ?? "");
  assert.equal(from?.displayName, "Phone 1000");
  assert.match(from.uri, /^sip:852211000@/);
  incoming.answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
  await network.next("BYE");
  assert.deepEqual(
    records.map(({ origin, target, result }) => `${origin} ${target ?? ""} ${result}`),
    ["extension:1000 gateway:pstn answered"],
  );
});

test("when the gateway is silent the next way is tried, and blocked numbers do not matter", async (t) => {
  const desk = { kind: "extension", number: extensionNumberSchema.parse("1001") } as const;
  await start(t, {
    emergency: { numbers: ["999"], to: [gateway("dead", 21), desk] },
    blocked: [{ id: "all", numbers: ["9*"] }],
  });
  const guard = await phone(t, "1001", 11);
  const alice = await phone(t, "1000", 10);
  const call = await alice.call("999");
  (await guard.nextCall()).answer();
  assert.equal((await call.final).status, 200);
  await call.bye();
});

test("without anybody to take it an emergency call is 480, and never goes to a hub", async (t) => {
  const desk = { kind: "extension", number: extensionNumberSchema.parse("1001") } as const;
  const records = await start(t, { emergency: { numbers: ["999"], to: [desk] } });
  const alice = await phone(t, "1000", 10);
  assert.equal((await (await alice.call("999")).final).status, 480);
  assert.deepEqual(
    records.map(({ target, code }) => [target, code]),
    [[undefined, "NOT_REGISTERED"]],
  );
});

test("blocked numbers are 403 at once, own ones too, and the exceptions go on", async (t) => {
  const records = await start(t, {
    blocked: [{ id: "some", numbers: ["00*", "1001"], except: ["0044*"] }],
  });
  const alice = await phone(t, "1000", 10);
  await phone(t, "1001", 11);
  const statuses: Record<string, number> = {};
  for (const number of ["0033123", "1001", "0044123", "1002"]) {
    statuses[number] = (await (await alice.call(number)).final).status;
  }
  assert.deepEqual(statuses, { "0033123": 403, "1001": 403, "0044123": 503, "1002": 480 });
  assert.equal(records[0]?.code, "NOT_PERMITTED");
});
