import assert from "node:assert/strict";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { createTransportLayer } from "../../src/transport/layer.ts";
import { OwnAddresses } from "../../src/transport/own-addresses.ts";
import type { ListenAddress } from "../../src/transport/types.ts";
import { openStream, requestText, startNode } from "./support.ts";

const NODE = "127.14.0.1";
const EXTERNAL = "127.14.200.1";
const LOCAL_PEER = "127.14.1.5";
const OUTSIDE_PEER = "127.14.2.5";
const BEHIND_NAT = { externalAddress: EXTERNAL, localNetworks: ["127.14.1.0/24", "127.14.3.3"] };

const udp = (host: string): ListenAddress => ({ transport: "udp", host, port: 5060 });

test("peers of the local networks see the address that is listened on, all others the external one", () => {
  const own = new OwnAddresses(BEHIND_NAT);
  const seenFrom = (host: string): string => own.visible(udp(NODE), host).host;
  assert.equal(seenFrom(LOCAL_PEER), NODE);
  assert.equal(seenFrom("127.14.3.3"), NODE, "a network of one address");
  assert.equal(seenFrom("127.14.3.4"), EXTERNAL);
  assert.equal(seenFrom(OUTSIDE_PEER), EXTERNAL);
  assert.equal(seenFrom("198.51.100.7"), EXTERNAL);
  assert.equal(seenFrom("carrier.example"), EXTERNAL, "a name that is not looked up yet");
  assert.equal(own.visible({ transport: "tcp", host: NODE, port: 5070 }, OUTSIDE_PEER).port, 5070);
});

test("the external address is of one family: the other one is not translated", () => {
  const own = new OwnAddresses({ externalAddress: "203.0.113.1" });
  assert.equal(own.visible(udp("2001:db8::1"), "2001:db8:9::1").host, "2001:db8::1");
  assert.equal(own.visible(udp("0.0.0.0"), "198.51.100.7").host, "203.0.113.1");
});

test("what is on this machine is local, unless the external address is there too", () => {
  const own = new OwnAddresses({ externalAddress: "203.0.113.1" });
  assert.equal(own.visible(udp(NODE), "127.0.0.9").host, NODE);
});

test("an address of IPv6 networks is looked up in any spelling, also as IPv4 within IPv6", () => {
  const own = new OwnAddresses({
    externalAddress: "2001:DB8::0001",
    localNetworks: ["fd00::/8", "::ffff:10.1.0.0/16"],
  });
  assert.equal(own.visible(udp("fd00::1"), "fd12:3456::9").host, "fd00::1");
  assert.equal(own.visible(udp("fd00::1"), "2001:db8:9::1").host, "2001:db8::1");
  assert.equal(
    new OwnAddresses({ externalAddress: "203.0.113.1", localNetworks: ["10.1.0.0/16"] }).visible(
      udp("10.1.0.1"),
      "10.1.255.9",
    ).host,
    "10.1.0.1",
  );
});

test("a socket bound to every address shows one of this machine that its peer can answer to", () => {
  const own = new OwnAddresses();
  const machine = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  assert.equal(own.visible(udp("0.0.0.0"), "127.0.0.9").host, "127.0.0.1");
  assert.equal(own.visible(udp("::"), "::1").host, "::1");
  assert.ok(machine.includes(own.visible(udp("0.0.0.0"), "198.51.100.7").host));
  assert.ok(machine.includes(own.visible(udp("0.0.0.0"), "host.test").host));
});

test("a request to the own address is known in every form that the address has", () => {
  const own = new OwnAddresses(BEHIND_NAT);
  const listening = [udp(NODE), udp("::1"), { transport: "tcp", host: "0.0.0.0", port: 5070 } as const];
  const isOwn = (transport: "udp" | "tcp", host: string, port: number): boolean =>
    own.isOwn({ transport, host, port }, listening);
  assert.ok(isOwn("udp", NODE, 5060));
  assert.ok(isOwn("udp", EXTERNAL, 5060));
  assert.ok(isOwn("udp", "[0:0:0:0:0:0:0:1]", 5060));
  assert.ok(isOwn("udp", `::ffff:${NODE}`, 5060));
  assert.ok(isOwn("tcp", "127.99.9.9", 5070), "every address of this machine is listened on");
  assert.ok(!isOwn("udp", NODE, 5061));
  assert.ok(!isOwn("tcp", NODE, 5060));
  assert.ok(!isOwn("udp", "127.99.9.9", 5060));
  assert.ok(!isOwn("tcp", "198.51.100.7", 5070));
});

for (const [name, options] of [
  ["an external address that is a name", { externalAddress: "sip.example" }],
  ["an external address that is nobody's", { externalAddress: "0.0.0.0" }],
  ["a network that is a name", { externalAddress: EXTERNAL, localNetworks: ["office"] }],
  ["a prefix that is too long", { externalAddress: EXTERNAL, localNetworks: ["10.0.0.0/33"] }],
  ["a prefix that is no number", { externalAddress: EXTERNAL, localNetworks: ["10.0.0.0/255.0.0.0"] }],
  ["an empty prefix", { externalAddress: EXTERNAL, localNetworks: ["10.0.0.0/"] }],
] as const) {
  test(`${name} is ADDRESS_INVALID at the start, and nothing is open`, async () => {
    const layer = createTransportLayer({ listen: [{ ...udp(NODE), port: 0 }], ...options });
    await assert.rejects(layer.start({ onMessage: () => undefined }), { code: "ADDRESS_INVALID" });
    assert.deepEqual(layer.listening, []);
  });
}

test("on sockets, the flow says where a message was taken in, and the layer what its peer should see", async (t) => {
  const node = await startNode(t, {
    ...BEHIND_NAT,
    listen: [{ transport: "tcp", host: NODE, port: 0 }],
  });
  const { port } = node.address("tcp");
  for (const [peer, seen] of [
    [LOCAL_PEER, NODE],
    [OUTSIDE_PEER, EXTERNAL],
  ] as const) {
    const socket = await openStream(t, node.address("tcp"), peer);
    socket.write(requestText({ transport: "TCP" }));
    const received = (await node.until(node.received.length + 1)).at(-1);
    assert.ok(received !== undefined);
    const { flow } = received;
    assert.deepEqual(flow.local, { host: NODE, port });
    const { transport, remote } = flow;
    assert.deepEqual(node.layer.localAddressFor({ transport, ...remote, flow }), { transport, host: seen, port });
    socket.destroy();
    await once(socket, "close");
  }
});
