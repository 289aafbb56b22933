import assert from "node:assert/strict";
import { test } from "node:test";
import { createDialog } from "../../src/dialog/dialog.ts";
import type { DialogState } from "../../src/dialog/dialog-state.ts";
import { keepFlow, targetOfDialog } from "../../src/engine/dialog-path.ts";
import type { FlowHolder } from "../../src/engine/dialog-path.ts";
import type { AppDialog } from "../../src/engine/core.ts";
import type { Flow } from "../../src/transport/types.ts";
import type { ControlClient } from "../../src/wire/control-client.ts";

const SOURCES: FlowHolder["sources"] = { hold: () => () => undefined };
const CORE: FlowHolder = { transports: {}, sources: SOURCES };
const STATE: DialogState = {
  role: "uas",
  phase: "confirmed",
  callId: "c",
  localTag: "l",
  remoteTag: "r",
  local: "<sip:a@b>;tag=l",
  remote: "<sip:c@d>;tag=r",
  localSequence: 0,
  remoteSequence: 1,
  remoteTarget: "sip:phone@10.0.0.5:5060",
  routeSet: [],
  isSecure: false,
};

function dialog(state: Partial<DialogState> = {}): AppDialog {
  return createDialog<ControlClient>({ ...STATE, ...state }, { method: "INVITE", owner: undefined });
}

function flow(transport: "udp" | "tcp", host: string, port: number): Flow {
  const ends = { transport, local: { host: "10.0.0.1", port: 5060 }, remote: { host, port } };
  return transport === "udp" ? ends : { ...ends, connection: "c1" };
}

function targetAfter(heard: Flow, state: Partial<DialogState> = {}): string {
  const subject = dialog(state);
  keepFlow(CORE, subject, heard);
  const target = targetOfDialog(subject, subject.state.remoteTarget);
  return `${target?.transport} ${target?.host}:${target?.port} ${target?.flow?.connection ?? ""}`.trim();
}

test("on UDP a peer that names its own address is reached at its Contact, whatever port it sends from", () => {
  assert.equal(targetAfter(flow("udp", "10.0.0.5", 33_333)), "udp 10.0.0.5:5060");
});

test("on UDP a peer behind NAT is reached where it sends from", () => {
  assert.equal(targetAfter(flow("udp", "203.0.113.7", 33_333)), "udp 203.0.113.7:33333");
});

test("with a proxy between, or a host name as Contact, the address it sends from says nothing", () => {
  const routeSet = ["<sip:10.0.0.2;lr>"];
  assert.equal(targetAfter(flow("udp", "10.0.0.2", 5060), { routeSet }), "udp 10.0.0.2:5060");
  const remoteTarget = "sip:phone@phone.example:5070";
  assert.equal(targetAfter(flow("udp", "10.0.0.2", 5060), { remoteTarget }), "udp phone.example:5070");
});

test("a call on a connection stays on it, unless the Contact names another transport", () => {
  assert.equal(targetAfter(flow("tcp", "203.0.113.7", 40_000)), "tcp 10.0.0.5:5060 c1");
  const remoteTarget = "sip:phone@10.0.0.5:5060;transport=udp";
  assert.equal(targetAfter(flow("tcp", "203.0.113.7", 40_000), { remoteTarget }), "udp 10.0.0.5:5060");
});

test("the connection of a dialog is held once, and let go when another one takes its place", () => {
  const held: string[] = [];
  const core: FlowHolder = {
    sources: SOURCES,
    transports: {
      hold(on) {
        held.push(`+${on.connection}`);
        return () => held.push(`-${on.connection}`);
      },
    },
  };
  const subject = dialog();
  keepFlow(core, subject, flow("tcp", "10.0.0.5", 1));
  keepFlow(core, subject, flow("tcp", "10.0.0.5", 1));
  keepFlow(core, subject, { ...flow("tcp", "10.0.0.5", 2), connection: "c2" });
  assert.deepEqual(held, ["+c1", "-c1", "+c2"]);
});
