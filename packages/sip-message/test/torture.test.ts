import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  createResponse,
  createStreamFramer,
  parseDatagram,
  parseMessage,
  serializeMessage,
  validateMessage,
} from "@mss/sip-message";
import type { MessageFault, SipMessage } from "@mss/sip-message";
import { TORTURE_MESSAGES } from "@mss/sip-message/testing";
import { TORTURE_DIGESTS } from "./torture-digests.ts";

type Verdict =
  | { readonly message: SipMessage; readonly fault?: undefined }
  | { readonly fault: MessageFault; readonly message?: undefined };

function judge(text: string): Verdict {
  const outcome = parseDatagram(text);
  if (outcome.kind === "malformed") {
    return { fault: outcome.fault };
  }
  const fault = validateMessage(outcome.message);
  return fault === undefined ? { message: outcome.message } : { fault };
}

function textOf(name: string): string {
  return TORTURE_MESSAGES.find((message) => message.name === name)?.text ?? assert.fail(name);
}

function messageOf(name: string): SipMessage {
  return judge(textOf(name)).message ?? assert.fail(`${name} is refused`);
}

test("all 49 messages of RFC 4475 and all 12 of RFC 5118 are here, and none was changed", () => {
  const names = TORTURE_MESSAGES.map(({ rfc, name }) => `${rfc} ${name}`);
  assert.equal(new Set(names.filter((name) => name.startsWith("4475"))).size, 49);
  assert.equal(new Set(names.filter((name) => name.startsWith("5118"))).size, 12);
  const digests = TORTURE_MESSAGES.map(({ name, text }) => [
    name,
    createHash("sha256").update(text, "latin1").digest("hex"),
  ]);
  assert.deepEqual(Object.fromEntries(digests), TORTURE_DIGESTS);
});

for (const { name, rfc, section, text, fault: owed, owed: answer } of TORTURE_MESSAGES) {
  if (owed === undefined) {
    test(`RFC ${rfc} §${section} ${name} is accepted, and a fixed point once it was written`, () => {
      const { fault, message } = judge(text);
      assert.equal(fault, undefined);
      const once = serializeMessage(message ?? assert.fail("no message"));
      const again = judge(once).message ?? assert.fail("what was written is refused");
      assert.equal(serializeMessage(again), once);
    });
  } else {
    test(`RFC ${rfc} §${section} ${name} is refused with ${owed}`, () => {
      const { fault } = judge(text);
      assert.equal(fault?.status, owed);
      assert.equal(fault?.answerable === undefined, answer === "silence");
      if (fault?.answerable !== undefined) {
        const response = createResponse(fault.answerable, owed, { reason: fault.reason, toTag: "t" });
        assert.equal(parseMessage(serializeMessage(response)).kind, "message");
      }
    });
  }
}

test("on a stream: dblreq is two messages and a rest; clerr waits; ncl, mcl01 and inv2543 break it", () => {
  const KINDS = { "two messages": ["message", "message", "broken"], waits: [], breaks: ["broken"] };
  for (const { name, text, onStream } of TORTURE_MESSAGES) {
    const kinds = createStreamFramer()
      .push(text)
      .map((item) => item.kind);
    // Line breaks after a message are keepalives.
    assert.deepEqual(
      kinds.filter((kind) => kind !== "keepalive"),
      onStream === undefined ? ["message"] : KINDS[onStream],
      name,
    );
  }
});

test("wsinv: folding, white space, compact forms and order", () => {
  const { headers } = messageOf("wsinv");
  assert.equal(headers.get("To"), "sip:vivekg@chair-dnrc.example.com ; tag = 1918181833n");
  assert.equal(headers.get("From"), '"J Rosenberg \\\\\\"" <sip:jdrosen@example.com> ; tag = 98asjd8');
  assert.deepEqual(headers.all("via"), [
    "SIP / 2.0 /UDP 192.0.2.2;branch=390skdjuw",
    "SIP / 2.0 / TCP spindle.example.com ; branch = z9hG4bK9ikj8 , SIP / 2.0 / UDP 192.168.255.111 ; branch= z9hG4bK30239",
  ]);
  assert.equal(headers.get("Subject"), "");
  assert.equal(headers.get("NewFangledHeader"), "newfangled value continued newfangled value");
  assert.equal(headers.get("Max-Forwards"), "0068");
  assert.equal(
    headers.get("Contact"),
    '"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; secondparam ; q = 0.33',
  );
});

test("intmeth: the quoted NUL goes, all else stays", () => {
  const { headers } = messageOf("intmeth");
  const uri = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com";
  assert.equal(headers.get("To"), `"BEL:\\\x07 NUL: DEL:\\\x7f" <${uri}>`);
  assert.equal(headers.get("Max-Forwards"), "255");
});
