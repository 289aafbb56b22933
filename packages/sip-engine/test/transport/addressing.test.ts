import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createRequest, topVia } from "@mss/sip-message";
import type { SipRequest } from "@mss/sip-message";
import { canonicalHost, formatHost, isSendable, plainAddress } from "../../src/transport/addresses.ts";
import { TRANSPORT_ERRORS, TransportError } from "../../src/transport/errors.ts";
import { stampRequest } from "../../src/transport/ingress.ts";
import { callingAddress, chooseListen } from "../../src/transport/listen-choice.ts";
import { responseTarget } from "../../src/transport/response-target.ts";
import type { Flow, ListenAddress, TransportName } from "../../src/transport/types.ts";

function flowFrom(host: string, port: number, transport: TransportName = "udp"): Flow {
  return { transport, local: { host: "192.0.2.1", port: 5060 }, remote: { host, port } };
}

function requestWith(...vias: readonly string[]): SipRequest {
  const headers = vias.map((value) => ({ name: "Via", value }));
  return createRequest({ method: "OPTIONS", uri: "sip:a@b", headers });
}

function stamp(via: string, flow: Flow): readonly string[] {
  return stampRequest(requestWith(via), flow).headers.all("via");
}

test("received and rport say the source: RFC 3261 §18.2.1, RFC 3581 §4", () => {
  const flow = flowFrom("192.0.2.9", 40_000);
  const cases: readonly (readonly [string, string])[] = [
    ["SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1"],
    ["SIP/2.0/UDP 10.0.0.1:5070;branch=z", "SIP/2.0/UDP 10.0.0.1:5070;branch=z;received=192.0.2.9"],
    ["SIP/2.0/UDP a.test;branch=z", "SIP/2.0/UDP a.test;branch=z;received=192.0.2.9"],
    ["SIP/2.0/UDP 192.0.2.9;rport;branch=z", "SIP/2.0/UDP 192.0.2.9;rport=40000;branch=z;received=192.0.2.9"],
    ["SIP/2.0/UDP 192.0.2.9;branch=z;received=198.51.100.1", "SIP/2.0/UDP 192.0.2.9;branch=z"],
    ["SIP/2.0/UDP 192.0.2.9;rport=1;received=198.51.100.1", "SIP/2.0/UDP 192.0.2.9;rport=40000;received=192.0.2.9"],
  ];
  for (const [via, expected] of cases) {
    assert.deepEqual(stamp(via, flow), [expected], via);
  }
});

test("only the top Via is stamped, also when several share one field", () => {
  const flow = flowFrom("192.0.2.9", 40_000);
  const request = requestWith("SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2", "SIP/2.0/UDP c;branch=3");
  assert.deepEqual(stampRequest(request, flow).headers.all("via"), [
    "SIP/2.0/UDP a;branch=1;received=192.0.2.9",
    "SIP/2.0/UDP b;branch=2",
    "SIP/2.0/UDP c;branch=3",
  ]);
});

test("SEC-43: an IPv6 source is compared and written without brackets", () => {
  const flow = flowFrom("2001:db8::9", 5060);
  for (const host of ["[2001:db8::9]", "[2001:DB8:0::0009]"]) {
    assert.deepEqual(stamp(`SIP/2.0/UDP ${host};branch=z`, flow), [`SIP/2.0/UDP ${host};branch=z`]);
  }
  const request = stampRequest(requestWith("SIP/2.0/UDP a;branch=z;rport"), flow);
  assert.equal(topVia(request)?.parameters.get("received"), "2001:db8::9");
});

test("a response goes to received and rport, to the port of sent-by, or to the default port", () => {
  const cases: readonly (readonly [string, TransportName, number])[] = [
    ["SIP/2.0/UDP a:5070;branch=z;rport", "udp", 40_000],
    ["SIP/2.0/UDP a:5070;branch=z", "udp", 5070],
    ["SIP/2.0/UDP a;branch=z", "udp", 5060],
    ["SIP/2.0/UDP a;branch=z;maddr=198.51.100.1", "udp", 5060],
    ["SIP/2.0/TCP a:5070;branch=z;rport", "tcp", 5070],
    ["SIP/2.0/TCP a;branch=z", "tcp", 5060],
    ["SIP/2.0/TLS a;branch=z", "tls", 5061],
  ];
  for (const [via, transport, port] of cases) {
    const flow = flowFrom("192.0.2.9", 40_000, transport);
    const target = { transport, host: "192.0.2.9", port, flow, isAnswer: true };
    assert.deepEqual(responseTarget(requestWith(via), flow), target, via);
  }
});

const LISTEN: readonly ListenAddress[] = [
  { transport: "udp", host: "127.0.0.1", port: 5060 },
  { transport: "udp", host: "192.0.2.1", port: 5060 },
  { transport: "udp", host: "192.0.2.1", port: 5080 },
  { transport: "udp", host: "::1", port: 5060 },
  { transport: "tcp", host: "0.0.0.0", port: 5060 },
];

test("the listen address fits transport, family, the flow, and loopback to loopback", () => {
  const choose = (host: string, transport: TransportName = "udp", flow?: Flow): ListenAddress | undefined =>
    chooseListen(LISTEN, { transport, host, port: 5060, ...(flow === undefined ? {} : { flow }) });
  assert.equal(choose("127.0.0.2"), LISTEN[0]);
  assert.equal(choose("198.51.100.7"), LISTEN[1]);
  assert.equal(choose("2001:db8::1"), LISTEN[3]);
  assert.equal(choose("host.test"), LISTEN[1]);
  assert.equal(choose("127.0.0.2", "tcp"), LISTEN[4]);
  assert.equal(choose("::1", "tcp"), undefined);
  assert.equal(choose("198.51.100.7", "tls"), undefined);
  const flow = { ...flowFrom("198.51.100.7", 5060), local: { host: "192.0.2.1", port: 5080 } };
  assert.equal(choose("198.51.100.7", "udp", flow), LISTEN[2]);
});

test("a connection is called from the listen address, where that can reach the target", () => {
  const [loopback, outside] = LISTEN;
  assert.equal(callingAddress(loopback, "127.0.0.9"), "127.0.0.1");
  assert.equal(callingAddress(loopback, "198.51.100.7"), undefined);
  assert.equal(callingAddress(outside, "198.51.100.7"), "192.0.2.1");
  assert.equal(callingAddress(LISTEN[4], "198.51.100.7"), undefined);
  assert.equal(callingAddress(undefined, "198.51.100.7"), undefined);
});

test("of several that reach the target, the one that the system sends from is chosen", () => {
  const several: readonly ListenAddress[] = [
    { transport: "udp", host: "192.0.2.1", port: 5060 },
    { transport: "udp", host: "10.0.0.1", port: 5060 },
    { transport: "udp", host: "127.0.0.1", port: 5060 },
  ];
  const target = { transport: "udp", host: "10.8.0.7", port: 5060 } as const;
  assert.equal(
    chooseListen(several, target, () => "10.0.0.1"),
    several[1],
  );
  assert.equal(
    chooseListen(several, target, () => "127.0.0.1"),
    several[0],
    "loopback reaches nobody outside",
  );
  assert.equal(
    chooseListen(several, target, () => undefined),
    several[0],
  );
  const flow = { ...flowFrom("10.8.0.7", 5060), local: { host: "192.0.2.1", port: 5060 } };
  const onFlow = chooseListen(several, { ...target, flow }, () => assert.fail("the flow says it"));
  assert.equal(onFlow, several[0]);
});

test("SEC-43: one address has one spelling, whatever it comes as", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["2001:DB8:0:0:0:0:0:9", "2001:db8::9"],
    ["[2001:db8::0009]", "2001:db8::9"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:0a00:0001", "10.0.0.1"],
    ["[::ffff:10.0.0.1]", "10.0.0.1"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["10.0.0.1", "10.0.0.1"],
    ["Host.Example.", "host.example"],
    ["[v1:x]", "v1:x"],
  ];
  for (const [written, canonical] of cases) {
    assert.equal(canonicalHost(written), canonical, written);
  }
});

test("the zone of a link-local address is kept for sending and never written", () => {
  assert.equal(formatHost("fe80::1%eth0"), "[fe80::1]");
  assert.equal(isSendable("fe80::1%eth0", 5060), true);
  const flow = flowFrom("fe80::1%eth0", 5060);
  assert.deepEqual(stamp("SIP/2.0/UDP [fe80::1];branch=z;rport", flow), [
    "SIP/2.0/UDP [fe80::1];branch=z;rport=5060;received=fe80::1",
  ]);
});

test("addresses are written plainly, and hosts with brackets where they need them", () => {
  assert.equal(plainAddress("::ffff:10.0.0.1"), "10.0.0.1");
  assert.equal(plainAddress("::ffff:0:1"), "::ffff:0:1");
  assert.equal(formatHost("::1"), "[::1]");
  assert.equal(formatHost("[::1]"), "[::1]");
  assert.equal(formatHost("10.0.0.1"), "10.0.0.1");
  assert.equal(isSendable("host.test", 5060), false);
  assert.equal(isSendable("10.0.0.1", 5060), true);
  assert.equal(isSendable("::ffff:224.0.0.1", 5060), false);
  const refused = ["0.0.0.0", "224.0.0.1", "239.255.255.255", "255.255.255.255", "::", "ff02::1"];
  assert.deepEqual(
    refused.filter((host) => isSendable(host, 5060)),
    [],
  );
  const sendable = ["1.0.0.1", "223.255.255.254", "192.0.2.1", "::1", "2001:db8::1"];
  assert.deepEqual(
    sendable.filter((host) => !isSendable(host, 5060)),
    [],
  );
});

test("the README lists the error codes, each with its message, and no others", async () => {
  const readme = await readFile(new URL("../../src/transport/README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\|$/gm)].map(([, code, message]) => [code, message]);
  assert.deepEqual(Object.fromEntries(rows), TRANSPORT_ERRORS);
  const error = new TransportError("SEND_FAILED", { host: "h" });
  assert.equal(error.message, TRANSPORT_ERRORS.SEND_FAILED);
  assert.equal(error.name, "TransportError");
});
