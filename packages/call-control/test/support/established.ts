import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { CallControlOptions } from "@mss/call-control";
import { ANSWER, OFFER, startNode } from "./node-under-test.ts";
import type { NodeUnderTest } from "./node-under-test.ts";
import type { InjectOptions, ReceivedRequest } from "./wire-engine.ts";

export interface EstablishedCall {
  readonly node: NodeUnderTest;
  readonly callerDialog: string;
  readonly calleeDialog: string;
  fromCaller(options: InjectOptions): ReceivedRequest;
  fromCallee(options: InjectOptions): ReceivedRequest;
}

/** A call that is up: both sides have their ACK. */
export async function establish(
  context: TestContext,
  options: Partial<CallControlOptions> = {},
): Promise<EstablishedCall> {
  const node = await startNode(context, options);
  const caller = node.engine.inject({ body: OFFER });
  const callee = await node.engine.sent();
  callee.respond(200, { body: ANSWER, headers: { "Content-Type": "application/sdp" } });
  assert.equal((await node.engine.sent()).request.method, "ACK");
  assert.equal((await caller.response()).status, 200);
  const callId = caller.request.headers.get("Call-ID") ?? "";
  const callerDialog = `${callId};from-tag=alice`;
  const within = { to: "<sip:4000@127.16.0.1>;tag=ours", callId, dialogId: callerDialog };
  const toCallee = {
    from: "<sip:4000@127.16.2.1>;tag=callee",
    to: "<sip:1000@127.16.0.1>;tag=ours",
    callId: callee.dialogId.split(";")[0] ?? "",
    dialogId: callee.dialogId,
  };
  node.engine.inject({ method: "ACK", ...within });
  return {
    node,
    callerDialog,
    calleeDialog: callee.dialogId,
    fromCaller: (injected) => node.engine.inject({ cseq: 2, ...within, ...injected }),
    fromCallee: (injected) => node.engine.inject({ cseq: 2, ...toCallee, ...injected }),
  };
}
