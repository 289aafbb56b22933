import assert from "node:assert/strict";
import { test } from "node:test";
import { createRequest, createResponse } from "@mss/sip-message";
import { RegisteredFlows } from "../../src/engine/registered-flows.ts";
import type { Flow, TransportLayer } from "../../src/transport/types.ts";

const FLOW: Flow = {
  transport: "tcp",
  local: { host: "10.0.0.1", port: 5060 },
  remote: { host: "10.0.0.9", port: 40_001 },
  connection: "c1",
};

/** Registers `contact` and lets the application grant `granted`. */
function register(flows: RegisteredFlows, contact: string, granted: readonly string[], flow: Flow = FLOW): void {
  const request = createRequest({ method: "REGISTER", uri: "sip:hk", headers: [{ name: "Contact", value: contact }] });
  const headers = granted.map((value) => ({ name: "Contact", value }));
  flows.onRegistered(request, createResponse(request, 200, { headers }), flow);
}

function flowsHolding(): { readonly flows: RegisteredFlows; readonly held: string[] } {
  const held: string[] = [];
  const transports: Pick<TransportLayer, "hold"> = {
    hold(flow) {
      held.push(flow.connection ?? "");
      return () => {
        held.splice(held.indexOf(flow.connection ?? ""), 1);
      };
    },
  };
  return { flows: new RegisteredFlows(transports), held };
}

test("a phone that registered on a connection is called on it", () => {
  const { flows, held } = flowsHolding();
  register(flows, "<sip:1000@192.168.1.5:5060;transport=tcp>", [
    "<sip:1000@192.168.1.5:5060;transport=tcp>;expires=60",
  ]);
  assert.deepEqual(flows.targetFor("sip:1000@192.168.1.5:5060;transport=tcp"), {
    transport: "tcp",
    host: "10.0.0.9",
    port: 40_001,
    flow: FLOW,
  });
  assert.equal(flows.targetFor("sip:1001@192.168.1.5:5060"), undefined);
  assert.deepEqual(held, ["c1"]);
});

test("a binding that is removed, or not granted, lets go of the connection", () => {
  const { flows, held } = flowsHolding();
  register(flows, "<sip:1000@10.1.1.1>", ["<sip:1000@10.1.1.1>;expires=60"]);
  register(flows, "<sip:1000@10.1.1.1>", []);
  assert.equal(flows.targetFor("sip:1000@10.1.1.1"), undefined);
  assert.deepEqual(held, []);
});

test("a new connection takes the place of the old one, a refresh keeps it", () => {
  const { flows, held } = flowsHolding();
  const granted = ["<sip:1000@10.1.1.1>;expires=60"];
  register(flows, "<sip:1000@10.1.1.1>", granted);
  register(flows, "<sip:1000@10.1.1.1>", granted);
  assert.deepEqual(held, ["c1"]);
  register(flows, "<sip:1000@10.1.1.1>", granted, { ...FLOW, connection: "c2" });
  assert.deepEqual(held, ["c2"]);
  assert.equal(flows.targetFor("sip:1000@10.1.1.1")?.flow?.connection, "c2");
  flows.clear();
  assert.deepEqual(held, []);
});

test("a binding ends with its time", (context) => {
  const { flows, held } = flowsHolding();
  let now = 1_000;
  context.mock.method(performance, "now", () => now);
  register(flows, "<sip:1000@10.1.1.1>", ["<sip:1000@10.1.1.1>;expires=60"]);
  now += 59_000;
  assert.notEqual(flows.targetFor("sip:1000@10.1.1.1"), undefined);
  now += 2_000;
  assert.equal(flows.targetFor("sip:1000@10.1.1.1"), undefined);
  assert.deepEqual(held, []);
});

test("datagrams have no connection to remember", () => {
  const { flows } = flowsHolding();
  const { connection: _none, ...datagram } = FLOW;
  register(flows, "<sip:1000@10.1.1.1>", ["<sip:1000@10.1.1.1>;expires=60"], { ...datagram, transport: "udp" });
  assert.equal(flows.size, 0);
});
