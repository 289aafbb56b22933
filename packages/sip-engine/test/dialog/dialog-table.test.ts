import assert from "node:assert/strict";
import { test } from "node:test";
import { DialogTable, createDialog } from "../../src/dialog/dialog.ts";
import type { DialogState } from "../../src/dialog/dialog-state.ts";

function state(remoteTag: string, role: DialogState["role"] = "uac"): DialogState {
  return {
    role,
    phase: "early",
    callId: "call",
    localTag: "mine",
    remoteTag,
    local: "<sip:a@b>;tag=mine",
    remote: `<sip:c@d>;tag=${remoteTag}`,
    localSequence: 1,
    remoteSequence: undefined,
    remoteTarget: "sip:c@d",
    routeSet: [],
    isSecure: false,
  };
}

test("a wire id has the tag of who called", () => {
  assert.equal(createDialog(state("b"), { method: "INVITE", owner: undefined }).wireId, "call;from-tag=mine");
  assert.equal(createDialog(state("b", "uas"), { method: "INVITE", owner: undefined }).wireId, "call;from-tag=b");
});

test("forks are apart for the network, one name for the application", () => {
  const table = new DialogTable<string>();
  const first = createDialog(state("b1"), { method: "INVITE", owner: "app" });
  const second = createDialog(state("b2"), { method: "INVITE", owner: "app" });
  for (const dialog of [first, second]) {
    table.add(dialog);
    table.name(dialog);
  }
  assert.equal(table.find("call", "mine", "b1"), first);
  assert.equal(table.find("call", "mine", "b2"), second);
  assert.equal(table.named("call;from-tag=mine"), second);
  table.remove(first);
  assert.equal(table.named("call;from-tag=mine"), second, "the name stays with the other fork");
  table.remove(second);
  assert.equal(table.size, 0);
  assert.equal(table.named("call;from-tag=mine"), undefined);
});

test("no two identifiers run into each other", () => {
  const table = new DialogTable<string>();
  table.add(createDialog({ ...state("c"), callId: "a", localTag: "b" }, { method: "INVITE", owner: "app" }));
  assert.equal(table.find("ab", "", "c"), undefined);
  assert.equal(table.find("a", "bc", ""), undefined);
});

test("what waits is called off when a dialog goes", () => {
  const table = new DialogTable<string>();
  const dialog = createDialog(state("b"), { method: "INVITE", owner: "app" });
  let stopped = 0;
  const stop = (): void => {
    stopped += 1;
  };
  dialog.awaitedAck = { sequence: 1, transactionId: "t", stop };
  dialog.releaseFlow = stop;
  table.add(dialog);
  table.remove(dialog);
  assert.equal(stopped, 2);
});
