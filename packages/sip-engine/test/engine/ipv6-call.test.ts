import assert from "node:assert/strict";
import { test } from "node:test";
import type { App, AppDialog, AppRequest, AppResponse } from "./support/app.ts";
import { connectApp } from "./support/app.ts";
import { startEngine } from "./support/rig.ts";
import { SDP } from "./support/sip-peer.ts";

const SDP_6 = SDP.replaceAll("IN IP4 127.0.0.1", "IN IP6 ::1");
const HELD = SDP_6.replace("m=audio 6000", "m=audio 6002");
const ANSWER = SDP_6.replace("m=audio 6000", "m=audio 7000");

interface Callee {
  readonly dialog: Promise<AppDialog>;
  readonly ended: Promise<void>;
  /** What came, in order. */
  readonly requests: AppRequest[];
}

function answerCalls(app: App): Callee {
  const dialog = Promise.withResolvers<AppDialog>();
  const ended = Promise.withResolvers<void>();
  const requests: AppRequest[] = [];
  app.invite(async (request, response) => {
    requests.push(request);
    const made = await app.createUAS(request, response, { localSdp: ANSWER });
    made.on("modify", (again: AppRequest, answer: AppResponse) => {
      requests.push(again);
      answer.send(200, { body: ANSWER });
    });
    made.on("destroy", () => ended.resolve());
    dialog.resolve(made);
  });
  return { dialog: dialog.promise, ended: ended.promise, requests };
}

for (const transport of ["udp", "tcp"] as const) {
  test(`a whole call over IPv6 and ${transport.toUpperCase()}: INVITE, re-INVITE from both sides, BYE`, async (t) => {
    const listen = [{ transport, host: "::1", port: 0 }];
    const caller = await startEngine(t, { listen, trusted: ["::1"] });
    const called = await startEngine(t, { listen, trusted: ["::1"] });
    const app = await connectApp(t, caller.engine);
    const callee = answerCalls(await connectApp(t, called.engine));
    const uri = `sip:1000@[::1]:${called.sip.port};transport=${transport}`;
    const dialog = await app.createUAC(uri, { localSdp: SDP_6 });
    assert.equal(dialog.remote.sdp, ANSWER);
    const [invite] = callee.requests;
    const ours = `[::1]:${caller.sip.port}`;
    const via = invite?.get("Via") ?? "";
    assert.ok(via.startsWith(`SIP/2.0/${transport.toUpperCase()} ${ours};`), via);
    assert.match(via, /;received=::1(;|$)/);
    assert.ok(invite?.get("Contact").includes(ours), "our Contact has brackets");
    assert.equal(await dialog.modify(HELD), ANSWER);
    assert.deepEqual(
      callee.requests.map(({ body }) => body),
      [SDP_6, HELD],
    );
    dialog.on("modify", (_request: AppRequest, response: AppResponse) => {
      response.send(200, { body: HELD });
    });
    assert.equal(await (await callee.dialog).modify(ANSWER), HELD);
    await dialog.destroy();
    await callee.ended;
    assert.equal(caller.engine.stats().dialogs, 0);
    assert.equal(called.engine.stats().dialogs, 0);
  });
}
