import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseAppMessage, parseCommand } from "../../src/wire/commands.ts";

test("authenticate carries a secret and tags", () => {
  assert.deepEqual(parseCommand("id|authenticate|cymru|hub,eu"), {
    kind: "authenticate",
    id: "id",
    secret: "cymru",
    tags: ["hub", "eu"],
  });
  assert.deepEqual(parseCommand("id|authenticate|cymru|"), {
    kind: "authenticate",
    id: "id",
    secret: "cymru",
    tags: [],
  });
});

test("a request within a dialog names it, and keeps its body byte for byte", () => {
  const command = parseCommand(
    "id|sip||call;from-tag=a\r\nINFO sip:placeholder SIP/2.0\r\nContent-Type: a/b\r\n\r\nx\r\n\r\ny",
  );
  assert.ok(command.kind === "sip");
  assert.equal(command.dialogId, "call;from-tag=a");
  assert.deepEqual(command.message, {
    startLine: "INFO sip:placeholder SIP/2.0",
    headers: [{ name: "Content-Type", value: "a/b" }],
    body: "x\r\n\r\ny",
  });
});

test("an outbound proxy stands after the dialog", () => {
  const command = parseCommand("id|sip|||sip:10.0.0.1\r\nOPTIONS sip:a SIP/2.0\r\n\r\n");
  assert.ok(command.kind === "sip");
  assert.equal(command.nextHop, "sip:10.0.0.1");
});

test("what is no command is malformed, with the reason drachtio-server gives", () => {
  assert.deepEqual(parseCommand("id|shutdown"), { kind: "malformed", id: "id", reason: "Unknown message type" });
  assert.deepEqual(parseCommand("id"), { kind: "malformed", id: "id", reason: "Invalid message format" });
  assert.deepEqual(parseCommand("id|sip||"), { kind: "malformed", id: "id", reason: "Invalid message format" });
});

for (const header of ["No-Colon", "Bad Name: x", ": x", "Lone: a\nb", "Nul: a\u0000b", "Cr: a\rb"]) {
  test(`a message with the header ${JSON.stringify(header)} is refused`, () => {
    assert.equal(parseAppMessage(`SIP/2.0 200 OK\r\n${header}\r\n\r\n`), undefined);
  });
}

test("any frame gives a command", () => {
  fc.assert(
    fc.property(fc.constantFrom("", "id|sip||\r\n", "id|route|"), fc.string(), (start, rest) => {
      assert.equal(typeof parseCommand(start + rest).kind, "string");
    }),
  );
});
