import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { nodeName, readCredentials } from "@mss/certificates";
import type { TlsCredentials } from "@mss/certificates";
import { partTextsSchema } from "@mss/model";
import type { BranchPartBody, CallRecord, HubSettings, PartTexts, TlsSettings } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { StoreError, createMemoryStores } from "@mss/store";
import { branchToken, createSigningKeyPem, openPart, readSigningKey, sealParts } from "@mss/topology";
import { createApiServer } from "../src/api/api-server.ts";
import { PartDesk } from "../src/api/part-desk.ts";
import { certificateFolder, newAuthority } from "./support/certificates.ts";
import { HK, HUB_ID, LONDON, PARIS, hubSettings, trunkSecretOf } from "./support/settings.ts";

const KEY = readSigningKey(createSigningKeyPem());
const HEADER = {
  federation: "acme",
  hash: "0".repeat(64),
  publishedAt: "2026-01-01T00:00:00.000Z",
  author: "alice",
  message: "",
  signedBy: KEY.publicKey,
};

function bodyOf(branch: BranchPartBody["branch"], numbers: readonly string[]): BranchPartBody {
  const addresses = [{ transport: "udp", host: "192.0.2.1", port: 5060 }] as const;
  return { branch, rules: { numbers, numbersElsewhere: [] }, trunk: { hubs: [{ id: HUB_ID, addresses }] } };
}

function partsOf(revision: number): Readonly<Record<string, PartTexts>> {
  return sealParts([bodyOf(HK, ["1xxx"]), bodyOf(LONDON, ["4xxx"])], { ...HEADER, revision }, KEY);
}

interface Reply {
  readonly status: number;
  readonly tag: string | undefined;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

interface Asking {
  readonly branch?: string;
  readonly user?: string;
  readonly token?: string;
  readonly tag?: string;
  readonly wait?: number;
  readonly certificate?: TlsSettings;
  readonly path?: string;
  /** Sent by POST. */
  readonly body?: string;
}

async function usable(files: TlsSettings): Promise<TlsCredentials> {
  const outcome = await readCredentials(files);
  assert.ok(outcome.kind === "usable");
  return outcome.credentials;
}

/** An API server at a hub with a certificate of its own, and a client that believes its authority alone. */
async function serve(t: TestContext, host: string, change: Partial<HubSettings> = {}) {
  const folder = await certificateFolder(t);
  const desk = new PartDesk();
  const stores = createMemoryStores();
  const files = await folder.issue(HUB_ID);
  const settings = { current: hubSettings(host, change) };
  const listen = { host, port: 18_443 };
  const server = createApiServer({
    listen,
    credentials: await usable(files),
    settings: () => settings.current,
    desk,
    records: stores.callRecords,
    log: silentLog(),
  });
  t.after(() => server.stop());
  await server.start();
  const ask = async ({ certificate, ...asking }: Asking = {}): Promise<Reply> => {
    const { branch = "hk", user = branch, tag, wait, path = `/topology/branches/${branch}` } = asking;
    const token = asking.token ?? branchToken(trunkSecretOf(HK), { federation: "acme", branch: "hk" });
    const own = certificate === undefined ? undefined : await usable(certificate);
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const asked = request(
      {
        ...listen,
        path,
        agent: false,
        method: asking.body === undefined ? "GET" : "POST",
        ca: await readFile(files.authority),
        servername: nodeName(HUB_ID, "acme"),
        ...(own && { key: own.key, cert: own.certificate }),
        headers: {
          Authorization: `Basic ${Buffer.from(`${user}:${token}`).toString("base64")}`,
          ...(asking.body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(tag === undefined ? {} : { "If-None-Match": tag }),
          ...(wait === undefined ? {} : { Prefer: `wait=${wait}` }),
        },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => void (body += chunk));
        const { statusCode: status = 0, headers } = response;
        response.once("end", () => resolve({ status, tag: headers.etag, body, headers }));
      },
    );
    asked.once("error", reject);
    asked.end(asking.body);
    return promise;
  };
  return { folder, desk, server, settings, ask, stores };
}

test("a branch gets its own part, signed, by its own credentials, and nothing of the others", async (t) => {
  const { desk, ask } = await serve(t, "127.17.70.1");
  assert.equal((await ask()).status, 503);
  desk.put({ revision: 3, parts: partsOf(3) });
  const { status, body, tag, headers } = await ask();
  assert.deepEqual([status, headers["cache-control"]], [200, "private, no-cache"]);
  assert.match(tag ?? "", /^"3-[0-9a-f]{16}"$/);
  const texts = partTextsSchema.parse(JSON.parse(body));
  const opened = openPart(texts, { federation: "acme", branch: "hk", trustedKeys: [KEY.publicKey] });
  assert.ok(opened.kind === "ok");
  assert.deepEqual(opened.part.body.rules.numbers, ["1xxx"]);
  assert.doesNotMatch(body, /4xxx|london|secret/);
  assert.equal((await ask({ tag: tag ?? "" })).status, 304);
  assert.equal((await ask({ tag: '"2-0000000000000000"' })).status, 200);
});

test("wrong, missing and other branches' credentials are refused, and nobody is told which branches there are", async (t) => {
  const { desk, ask } = await serve(t, "127.17.71.1");
  desk.put({ revision: 3, parts: partsOf(3) });
  const wrong = await ask({ token: "wrong" });
  assert.deepEqual([wrong.status, wrong.headers["www-authenticate"]], [401, 'Basic realm="acme", charset="UTF-8"']);
  const { headers: _one, ...known } = wrong;
  const { headers: _other, ...unknown } = await ask({ branch: "rome", token: "wrong" });
  assert.deepEqual(known, unknown);
  assert.equal((await ask({ token: trunkSecretOf(HK) })).status, 401, "the secret itself is no token");
  assert.equal((await ask({ user: "", token: "" })).status, 401);
  const other = await ask({ branch: "london", user: "hk" });
  assert.deepEqual([other.status, /4xxx/.test(other.body)], [403, false]);
  const token = branchToken(trunkSecretOf(PARIS), { federation: "acme", branch: "paris" });
  assert.equal((await ask({ branch: "paris", token })).status, 404, "it has a trunk here, and the plan has no paris");
  assert.equal((await ask({ path: "/calls" })).status, 404);
});

test("who waits is answered by the next revision, and not after its secret was changed", async (t) => {
  const { desk, ask, settings } = await serve(t, "127.17.72.1");
  desk.put({ revision: 3, parts: partsOf(3) });
  const { tag = "" } = await ask();
  const waiting = ask({ tag, wait: 30 });
  const others = ask({ tag, wait: 30, branch: "hk" });
  while (desk.waiting < 2) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  desk.put({ revision: 4, parts: partsOf(4) });
  const next = await waiting;
  assert.deepEqual([next.status, next.tag?.slice(0, 3), (await others).status], [200, '"4-', 200]);
  const revoked = ask({ tag: next.tag ?? "", wait: 30 });
  while (desk.waiting < 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { current } = settings;
  settings.current = { ...current, trunks: new Map([[HK, { secret: "another secret" }]]) };
  desk.put({ revision: 5, parts: partsOf(5) });
  assert.equal((await revoked).status, 401);
  assert.equal(desk.waiting, 0);
});

test("a certificate that is shown must be the branch's own; where the trunk asks for one it must be there", async (t) => {
  const { desk, ask, folder, settings } = await serve(t, "127.17.73.1");
  desk.put({ revision: 3, parts: partsOf(3) });
  const own = await folder.issue("hk");
  const london = await folder.issue("london");
  const strange = await folder.issue("paris", { name: "hk.acme", authority: await newAuthority() });
  assert.equal((await ask({ certificate: own })).status, 200);
  assert.equal((await ask({ certificate: london })).status, 403);
  assert.equal((await ask({ certificate: strange })).status, 403);
  const trunk = { secret: trunkSecretOf(HK), requireCertificate: true };
  settings.current = { ...settings.current, trunks: new Map([[HK, trunk]]) };
  assert.equal((await ask()).status, 403);
  assert.equal((await ask({ certificate: own })).status, 200);
  settings.current = { ...settings.current, trunks: new Map([[HK, { ...trunk, address: "192.0.2.9" }]]) };
  assert.equal((await ask({ certificate: own })).status, 403);
});

test("an address that asks too often is told to wait, and a new certificate is shown from the next connection on", async (t) => {
  const { desk, ask, server, folder } = await serve(t, "127.17.74.1");
  desk.put({ revision: 3, parts: partsOf(3) });
  const files = await folder.issue(HUB_ID, { name: "other.acme" });
  server.renewCredentials(await usable(files));
  await assert.rejects(ask(), /altnames|does not match/i);
  await writeFile(files.certificate, "");
  server.renewCredentials(await usable(await folder.issue(HUB_ID)));
  const statuses: number[] = [];
  for (let count = 0; count < 125; count += 25) {
    const replies = await Promise.all(Array.from({ length: 25 }, () => ask({ token: "guess" })));
    statuses.push(...replies.map(({ status }) => status));
  }
  assert.deepEqual([...new Set(statuses)], [401, 429]);
  assert.equal(statuses.filter((status) => status === 401).length, 120);
});

const RECORDS = "/call-records/branches/hk";

function recordOf(id: string, node = "hk"): CallRecord {
  const at = "2026-01-01T00:00:00.000Z";
  const call = { sessionId: "0".repeat(32), node, from: "1000", to: "4000", origin: "extension:1000" };
  const end = { result: "answered", status: 200, endedBy: "caller", setupMs: 0, durationMs: 0 } as const;
  return { id, ...call, ...end, startedAt: at, endedAt: at };
}

const batchOf = (...records: readonly unknown[]): string => JSON.stringify({ records });

test("a branch hands over its own call records, as often as it likes, and each counts once", async (t) => {
  const { ask, stores } = await serve(t, "127.17.75.1");
  const [one, other] = [recordOf("one"), recordOf("other")];
  const first = await ask({ path: RECORDS, body: batchOf(one, other) });
  assert.equal(first.status, 200);
  const { store } = await stores.callRecords.insert([]);
  assert.deepEqual(JSON.parse(first.body), { store, refused: [] });
  const again = await ask({ path: RECORDS, body: batchOf({ ...one, result: "maybe" }, other, one, "text") });
  assert.deepEqual([again.status, JSON.parse(again.body)], [200, { store, refused: [0, 3] }]);
  assert.deepEqual(await stores.callRecords.latest(9), [one, other]);
});

test("call records of other nodes, by others, malformed and too large ones are refused, and nothing of them is kept", async (t) => {
  const { ask, stores } = await serve(t, "127.17.76.1");
  const own = recordOf("own");
  const london = branchToken(trunkSecretOf(LONDON), { federation: "acme", branch: "london" });
  for (const [expected, asking] of [
    [403, { body: batchOf(own, recordOf("forged", "london")) }],
    [403, { body: batchOf(recordOf("forged", "hub-1")) }],
    [403, { body: batchOf(own), user: "london", token: london }],
    [401, { body: batchOf(own), token: "guess" }],
    [400, { body: "no json" }],
    [400, { body: JSON.stringify([own]) }],
    [400, { body: batchOf(...Array.from({ length: 1_001 }, () => own)) }],
    [413, { body: batchOf("x".repeat(2_000_000)) }],
    [401, { body: batchOf("x".repeat(2_000_000)), token: "guess" }],
  ] as const) {
    const { status } = await ask({ path: RECORDS, ...asking });
    assert.equal(status, expected, `${asking.body.slice(0, 40)} of ${asking.body.length} characters`);
  }
  assert.deepEqual(await stores.callRecords.latest(9), []);
});

test("call records that the store does not take are not acknowledged", async (t) => {
  const { ask, stores } = await serve(t, "127.17.77.1");
  t.mock.method(stores.callRecords, "insert", async () => {
    throw new StoreError("STORE_UNAVAILABLE");
  });
  const { status, headers } = await ask({ path: RECORDS, body: batchOf(recordOf("one")) });
  assert.deepEqual([status, headers["retry-after"]], [503, "5"]);
});
