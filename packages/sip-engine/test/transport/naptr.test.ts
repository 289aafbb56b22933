import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Locator } from "../../src/transport/locate/locator.ts";
import type { FamiliesOf } from "../../src/transport/locate/locator.ts";
import { Suspects } from "../../src/transport/locate/suspects.ts";
import type { Target, TransportName } from "../../src/transport/types.ts";
import { a, naptr, srv, startDnsServer } from "./dns-server.ts";
import type { DnsServer } from "./dns-server.ts";

const NAME = "acme.test";
const ANY: Target = { transport: "udp", host: NAME, port: 5060, anyPort: true, anyTransport: true };
const SECURE: Target = { ...ANY, transport: "tls", port: 5061 };

/** Every service of the domain has one host, whose address says which it is. */
async function startDomain(t: TestContext): Promise<DnsServer> {
  const server = await startDnsServer(t);
  for (const [index, service] of (["_sip._udp", "_sip._tcp", "_sips._tcp"] as const).entries()) {
    const domain = `${service}.${NAME}`;
    const host = `h${index}.${NAME}`;
    server.zone.set(`SRV ${domain}`, [srv(domain, { target: host, port: 5070 + index })]);
    server.zone.set(`A ${host}`, [a(host, `10.0.0.${index}`)]);
  }
  return server;
}

function reaching(...transports: readonly TransportName[]): FamiliesOf {
  return (transport) => (transports.includes(transport) ? [4] : []);
}

async function look(
  t: TestContext,
  server: DnsServer,
  target: Target = ANY,
  familiesOf: FamiliesOf = reaching("udp", "tcp", "tls"),
): Promise<readonly string[]> {
  const locator = new Locator(new Suspects(), { servers: [server.address], hostsFile: "/nonexistent" });
  t.after(() => locator.close());
  const found = await locator.locate(target, familiesOf);
  return found.map(({ transport, port }) => `${transport} ${port}`);
}

const UDP = naptr(NAME, { service: "SIP+D2U", replacement: `_sip._udp.${NAME}`, preference: 30 });
const TCP = naptr(NAME, { service: "sip+d2t", replacement: `_sip._tcp.${NAME}.`, preference: 20, flags: "s" });
const TLS = naptr(NAME, { service: "SIPS+D2T", replacement: `_sips._tcp.${NAME}`, preference: 10 });

test("NAPTR says which transports, and in which order: RFC 3263 §4.1", async (t) => {
  const server = await startDomain(t);
  server.zone.set(`NAPTR ${NAME}`, [UDP, TCP, TLS]);
  assert.deepEqual(await look(t, server), ["tls 5072", "tcp 5071", "udp 5070"]);
  assert.deepEqual(await look(t, server, ANY, reaching("udp", "tcp")), ["tcp 5071", "udp 5070"]);
  assert.deepEqual(await look(t, server, SECURE), ["tls 5072"]);
  assert.deepEqual(await look(t, server, SECURE, reaching("udp")), []);
});

test("the name that the certificate has to hold is that of the URI, wherever the records lead", async (t) => {
  const server = await startDomain(t);
  server.zone.set(`NAPTR ${NAME}`, [TLS]);
  const locator = new Locator(new Suspects(), { servers: [server.address], hostsFile: "/nonexistent" });
  t.after(() => locator.close());
  const [place] = await locator.locate(ANY, reaching("tls"));
  assert.deepEqual(place, { transport: "tls", host: "10.0.0.2", port: 5072, name: NAME });
});

test("only the lowest order counts: RFC 3403 §4.1", async (t) => {
  const server = await startDomain(t);
  const later = naptr(NAME, { service: "SIP+D2U", replacement: `_sip._udp.${NAME}`, order: 20, preference: 1 });
  server.zone.set(`NAPTR ${NAME}`, [later, TCP]);
  assert.deepEqual(await look(t, server), ["tcp 5071"]);
  assert.deepEqual(await look(t, server, ANY, reaching("udp")), ["udp 5070"], "of what can be sent");
});

test("records that lead anywhere but straight to SRV are ignored, and loops among them", async (t) => {
  const server = await startDomain(t);
  const bad = [
    { service: "SIP+D2T", replacement: NAME, flags: "" }, // the loop
    { service: "SIP+D2T", replacement: "other.test", flags: "" },
    { service: "SIP+D2T", replacement: `h1.${NAME}`, flags: "A" },
    { service: "SIP+D2T", replacement: "", flags: "U", regexp: "!^.*$!sip:evil@evil.test!" },
    { service: "SIP+D2T", replacement: `_sip._tcp.${NAME}`, regexp: "!^.*$!evil.test!" },
    { service: "SIP+D2T", replacement: "." },
    { service: "SIP+D2S", replacement: `_sip._sctp.${NAME}` },
    { service: "SIPS+D2W", replacement: `_sips._ws.${NAME}` },
    { service: "E2U+sip", replacement: `_sip._tcp.${NAME}` },
    { service: "", replacement: `_sip._tcp.${NAME}` },
  ];
  server.zone.set(`NAPTR ${NAME}`, [...bad.map((data) => naptr(NAME, { order: 1, ...data })), UDP]);
  assert.deepEqual(await look(t, server), ["udp 5070"]);
  assert.ok(!server.asked.some((question) => /evil|other|sctp|_ws/.test(question)), "nothing of them is looked up");
});

test("without NAPTR the SRV records of UDP and TCP are asked for, TLS only for sips", async (t) => {
  const server = await startDomain(t);
  assert.deepEqual(await look(t, server), ["udp 5070", "tcp 5071"]);
  assert.deepEqual(await look(t, server, SECURE), ["tls 5072"]);
  server.zone.delete(`SRV _sip._udp.${NAME}`);
  assert.deepEqual(await look(t, server), ["tcp 5071"]);
});

test("without NAPTR and SRV the name is the host: UDP, or what the node has in its place", async (t) => {
  const server = await startDnsServer(t);
  server.zone.set(`A ${NAME}`, [a(NAME, "10.0.0.9")]);
  assert.deepEqual(await look(t, server), ["udp 5060"]);
  assert.deepEqual(await look(t, server, ANY, reaching("tcp")), ["tcp 5060"]);
  assert.deepEqual(await look(t, server, ANY, reaching("tls")), ["tls 5061"]);
  assert.deepEqual(await look(t, server, SECURE), ["tls 5061"]);
});

test("no NAPTR is asked for where the URI has a port or a transport", async (t) => {
  const server = await startDomain(t);
  server.zone.set(`NAPTR ${NAME}`, [TLS]);
  server.zone.set(`A ${NAME}`, [a(NAME, "10.0.0.9")]);
  assert.deepEqual(await look(t, server, { transport: "tcp", host: NAME, port: 5060, anyPort: true }), ["tcp 5071"]);
  const withPort: Target = { transport: "udp", host: NAME, port: 5080, anyTransport: true };
  assert.deepEqual(await look(t, server, withPort), ["udp 5080"]);
  assert.ok(!server.asked.some((question) => question.startsWith("NAPTR")));
});

for (const fault of ["SERVFAIL", "SILENCE"] as const) {
  test(`a name server that has only ${fault} for NAPTR does not take the SRV records away`, async (t) => {
    const server = await startDomain(t);
    server.zone.set(`NAPTR ${NAME}`, fault);
    assert.deepEqual(await look(t, server), ["udp 5070", "tcp 5071"]);
  });
}
