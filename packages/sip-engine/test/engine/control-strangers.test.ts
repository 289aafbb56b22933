import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { SECRET, attachApp } from "./support/app.ts";
import { openPeer, startEngine } from "./support/rig.ts";

function frame(text: string): string {
  return `${text.length}#${text}`;
}

const BEFORE_LOGIN: readonly string[] = [
  frame("1|authenticate|guess|"),
  frame("1|authenticate||"),
  frame(`1|authenticate|${"x".repeat(1000)}|`),
  frame("1|route|INVITE"),
  frame("1|sip||\r\nINVITE sip:1000@127.21.7.2 SIP/2.0\r\n\r\n"),
  "0#",
  "-1#x",
  "1e308#x",
  "0x10#xxxxxxxxxxxxxxxx",
  "99999999999999999999#x",
  "1073741824#x",
  "x".repeat(70_000),
  "1".repeat(70_000),
  `65537#${"x".repeat(70_000)}`,
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "\0\0\0\0",
];

/** What a control port answers to that text, until it ends the connection. */
async function answerTo(text: string, port: { readonly host: string; readonly port: number }): Promise<string> {
  const socket = connect(port);
  let answer = "";
  socket.on("data", (bytes: Buffer) => {
    answer += bytes.toString("latin1");
  });
  socket.on("error", () => undefined); // bytes that are not read any more are answered by a reset
  socket.write(text, "latin1");
  await new Promise((resolve) => socket.on("close", resolve)); // after an error, too
  return answer;
}

test("SEC-39: who does not know the secret of a control port gets nothing by it but the end of the connection", async (context) => {
  const { engine } = await startEngine(context, { controlLimits: { loginMs: 1_000 } });
  const answers = await Promise.all(BEFORE_LOGIN.map((text) => answerTo(text, engine.controlAddress)));
  assert.deepEqual(
    answers.filter((answer) => answer.includes("|OK")),
    [],
  );
});

test("SEC-39: an engine without a control address listens for no application, and serves the one that is attached", async (context) => {
  const { engine, sip } = await startEngine(context, { control: { secret: SECRET } });
  assert.throws(() => engine.controlAddress, { code: "CONTROL_CLOSED" });
  const app = await attachApp(context, engine, ["options"]);
  app.options((_request, response) => response.send(200));
  const peer = await openPeer(context);
  peer.request("OPTIONS", sip);
  assert.equal((await peer.next(200)).status, 200);
});
