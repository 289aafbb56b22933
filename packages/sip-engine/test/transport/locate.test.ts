import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Locator } from "../../src/transport/locate/locator.ts";
import type { FamiliesOf, LocatorOptions } from "../../src/transport/locate/locator.ts";
import { Suspects } from "../../src/transport/locate/suspects.ts";
import { orderSrv } from "../../src/transport/locate/srv-order.ts";
import { RecordCache } from "../../src/transport/locate/record-cache.ts";
import type { DnsAnswer } from "../../src/transport/locate/name-server.ts";
import type { Target, TransportName } from "../../src/transport/types.ts";
import { a, srv, startDnsServer } from "./dns-server.ts";
import type { DnsServer } from "./dns-server.ts";
import { nextDatagram, openDatagram, openStream, startNode } from "./support.ts";

const NAME = "sip.acme.test";
const IPV4: FamiliesOf = () => [4];

function locatorFor(
  t: TestContext,
  server: DnsServer,
  options: LocatorOptions & { readonly suspects?: Suspects } = {},
): Locator {
  const locator = new Locator(options.suspects ?? new Suspects(), {
    servers: [server.address],
    hostsFile: "/nonexistent",
    ...options,
  });
  t.after(() => locator.close());
  return locator;
}

const target = (transport: TransportName = "udp"): Target => ({ transport, host: NAME, port: 5060, anyPort: true });

async function places(locator: Locator, to: Target = target()): Promise<readonly string[]> {
  return (await locator.locate(to, IPV4)).map(({ host, port }) => `${host}:${port}`);
}

test("SRV says host and port where the URI has no port, by priority: RFC 3263 §4.2", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(`SRV _sip._udp.${NAME}`, [
    srv(`_sip._udp.${NAME}`, { target: "two.acme.test", port: 5062, priority: 20 }),
    srv(`_sip._udp.${NAME}`, { target: "one.acme.test", port: 5061, priority: 10 }),
  ]);
  server.zone.set("A one.acme.test", [a("one.acme.test", "10.0.0.1"), a("one.acme.test", "10.0.0.2")]);
  server.zone.set("A two.acme.test", [a("two.acme.test", "10.0.0.3")]);
  const locator = locatorFor(t, server);
  const found = await locator.locate(target(), IPV4);
  assert.deepEqual(found.map(({ host, port }) => `${host}:${port}`).toSorted(), [
    "10.0.0.1:5061",
    "10.0.0.2:5061",
    "10.0.0.3:5062",
  ]);
  assert.equal(found[2]?.host, "10.0.0.3");
  assert.ok(found.every(({ name, anyPort }) => name === NAME && anyPort === undefined));
});

test("with a port, or without SRV records, the name itself is the host", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(`A ${NAME}`, [a(NAME, "10.0.0.9")]);
  const locator = locatorFor(t, server);
  assert.deepEqual(await places(locator, { transport: "tcp", host: NAME, port: 5070 }), ["10.0.0.9:5070"]);
  assert.deepEqual(server.asked, [`A ${NAME}`]);
  assert.deepEqual(await places(locator), ["10.0.0.9:5060"]);
  assert.deepEqual(server.asked, [`A ${NAME}`, `SRV _sip._udp.${NAME}`], "the address is still known");
});

test("each transport has its own service", async (t) => {
  const server = await startDnsServer(t);
  for (const [service, port] of [
    ["_sip._udp", 1],
    ["_sip._tcp", 2],
    ["_sips._tcp", 3],
  ] as const) {
    server.zone.set(`SRV ${service}.${NAME}`, [srv(`${service}.${NAME}`, { target: "h.acme.test", port })]);
  }
  server.zone.set("A h.acme.test", [a("h.acme.test", "10.0.0.1")]);
  const locator = locatorFor(t, server);
  assert.deepEqual(await places(locator, target("udp")), ["10.0.0.1:1"]);
  assert.deepEqual(await places(locator, target("tcp")), ["10.0.0.1:2"]);
  assert.deepEqual(await places(locator, target("tls")), ["10.0.0.1:3"]);
});

test("a service that says it is not there leads nowhere: RFC 2782", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(`SRV _sip._udp.${NAME}`, [srv(`_sip._udp.${NAME}`, { target: ".", port: 0 })]);
  server.zone.set(`A ${NAME}`, [a(NAME, "10.0.0.9")]);
  assert.deepEqual(await places(locatorFor(t, server)), []);
});

test("poisoned answers: what nothing may be sent to is left out", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(
    `A ${NAME}`,
    ["0.0.0.0", "224.0.1.75", "255.255.255.255", "10.0.0.9"].map((data) => a(NAME, data)),
  );
  assert.deepEqual(await places(locatorFor(t, server), { transport: "udp", host: NAME, port: 5070 }), [
    "10.0.0.9:5070",
  ]);
});

test("a thousand records cost a few look-ups, and a list of bounded length", async (t) => {
  const server = await startDnsServer(t);
  const services = Array.from({ length: 1_000 }, (_unused, index) => ({
    target: `h${index}.acme.test`,
    port: 5060,
  }));
  server.zone.set(
    `SRV _sip._udp.${NAME}`,
    services.map((data) => srv(`_sip._udp.${NAME}`, data)),
  );
  for (const { target: host } of services) {
    server.zone.set(
      `A ${host}`,
      [1, 2, 3].map((last) => a(host, `10.0.0.${last}`)),
    );
  }
  assert.equal((await places(locatorFor(t, server))).length, 16);
  assert.ok(server.asked.length < 20);
});

for (const fault of ["SERVFAIL", "NXDOMAIN", "SILENCE"] as const) {
  test(`${fault} takes away no target that worked: CH-23`, async (t) => {
    const server = await startDnsServer(t);
    server.zone.set(`A ${NAME}`, [a(NAME, "10.0.0.9", 0)]);
    const locator = locatorFor(t, server);
    const to = { transport: "udp", host: NAME, port: 5070 } as const;
    assert.deepEqual(await places(locator, to), ["10.0.0.9:5070"]);
    server.zone.set(`A ${NAME}`, fault);
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // TTL 0 counts as one second
    for (let round = 0; round < 3; round += 1) {
      assert.deepEqual(await places(locator, to), ["10.0.0.9:5070"]);
    }
    assert.ok(server.asked.length >= 2);
  });
}

test("a name that nobody knows is none, one that nobody can tell of is a failure", async (t) => {
  const server = await startDnsServer(t);
  const locator = locatorFor(t, server);
  assert.deepEqual(await places(locator, { transport: "udp", host: NAME, port: 5070 }), []);
  server.zone.set("A broken.acme.test", "SERVFAIL");
  await assert.rejects(places(locator, { transport: "udp", host: "broken.acme.test", port: 5070 }), {
    code: "NAME_SERVER_FAILED",
  });
});

test("the hosts file comes before the name server", async (t) => {
  const server = await startDnsServer(t);
  const hostsFile = path.join(await mkdtemp(path.join(tmpdir(), "mss-hosts-")), "hosts");
  await writeFile(hostsFile, `# site\n10.0.0.7\t${NAME.toUpperCase()} alias # the old one\nnonsense ${NAME}\n`);
  assert.deepEqual(await places(locatorFor(t, server, { hostsFile })), ["10.0.0.7:5060"]);
  assert.deepEqual(server.asked, []);
});

test("a place that failed comes last; afterwards one request tries it, and all do once it has answered", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(`SRV _sip._udp.${NAME}`, [
    srv(`_sip._udp.${NAME}`, { target: "one.acme.test", port: 5061, priority: 10 }),
    srv(`_sip._udp.${NAME}`, { target: "two.acme.test", port: 5062, priority: 20 }),
  ]);
  server.zone.set("A one.acme.test", [a("one.acme.test", "10.0.0.1")]);
  server.zone.set("A two.acme.test", [a("two.acme.test", "10.0.0.2")]);
  let nowMs = 0;
  const suspects = new Suspects(() => nowMs);
  const locator = locatorFor(t, server, { suspects });
  const place = { transport: "udp", host: "10.0.0.1", port: 5061 } as const;
  const usual = ["10.0.0.1:5061", "10.0.0.2:5062"];
  const otherFirst = usual.toReversed();
  assert.deepEqual(await places(locator), usual);
  suspects.add(place, 30_000);
  assert.deepEqual(await places(locator), otherFirst);
  nowMs = 30_001;
  assert.deepEqual(await places(locator), usual, "one tries it");
  assert.deepEqual(await places(locator), otherFirst, "the others do not wait for it");
  suspects.clear(place);
  assert.deepEqual(await places(locator), usual);
});

test("the memory of failures is bounded", () => {
  const suspects = new Suspects();
  for (let port = 1; port <= 2_000; port += 1) {
    suspects.add({ transport: "udp", host: "10.0.0.1", port }, 30_000);
  }
  assert.equal(suspects.size, 1_000);
  assert.ok(suspects.has({ transport: "udp", host: "10.0.0.1", port: 2_000 }));
});

test("weights decide by chance within a priority, zero is a small chance: RFC 2782", () => {
  const port = 5060;
  const records = [
    { name: "b", port, priority: 1, weight: 90 },
    { name: "c", port, priority: 1, weight: 10 },
    { name: "z", port, priority: 0, weight: 0 },
    { name: "a", port, priority: 1, weight: 0 },
  ];
  const order = (chance: number): string =>
    orderSrv(records, () => chance)
      .map(({ name }) => name)
      .join("");
  assert.equal(order(0), "zacb");
  assert.equal(order(0.999), "zbca");
  assert.equal(order(0.05), "zcba");
});

test("one question at a time for a name, and no more at once than the limit", async () => {
  let asked = 0;
  const answer = Promise.withResolvers<DnsAnswer<string>>();
  const cache = new RecordCache<string>(
    () => {
      asked += 1;
      return answer.promise;
    },
    { names: 10, questions: 2, staleMs: 1_000 },
  );
  const same = [1, 2, 3].map(() => cache.find("a"));
  const other = cache.find("b");
  await assert.rejects(cache.find("c"), { code: "NAME_SERVER_FAILED" });
  answer.resolve({ kind: "records", records: ["10.0.0.1"], ttlMs: 60_000 });
  assert.deepEqual(
    await Promise.all([...same, other]),
    Array.from({ length: 4 }, () => ["10.0.0.1"]),
  );
  assert.equal(asked, 2);
});

test("an address needs no look-up, and a silent name server fails a name within its second", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(`A ${NAME}`, "SILENCE");
  const node = await startNode(t, { dns: { servers: [server.address], hostsFile: "/nonexistent" } });
  const peer = await openDatagram(t);
  const arrival = nextDatagram(peer);
  await node.layer.send("x", { transport: "udp", host: "127.12.0.2", port: peer.address().port });
  assert.equal(await arrival, "x");
  assert.deepEqual(server.asked, []);
  assert.equal(node.layer.locate({ transport: "udp", host: "127.12.0.2", port: 5060 }), undefined);
  const located = node.layer.locate({ transport: "udp", host: NAME, port: 5060 });
  await assert.rejects(located ?? Promise.resolve(), { code: "RESOLVE_FAILED" });
  const stream = await openStream(t, node.address("tcp"));
  stream.destroy();
});
