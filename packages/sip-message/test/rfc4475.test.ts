import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  DEFAULT_LIMITS,
  type MessageFault,
  type MessageLimits,
  type SipMessage,
  createResponse,
  createStreamFramer,
  parseDatagram,
  parseMessage,
  serializeMessage,
  validateMessage,
} from "@mss/sip-message";

/** A message of RFC 4475 as in the archive of its appendix. */
function torture(name: string): string {
  return readFileSync(new URL(`./rfc4475/${name}.dat`, import.meta.url), "latin1");
}

/** What a framer makes of it. */
function kinds(name: string): readonly string[] {
  return createStreamFramer()
    .push(torture(name))
    .map((item) => item.kind);
}

type Verdict =
  | { readonly message: SipMessage; readonly fault?: undefined }
  | { readonly fault: MessageFault; readonly message?: undefined };

function judge(text: string, limits: MessageLimits = DEFAULT_LIMITS): Verdict {
  const outcome = parseDatagram(text, limits);
  if (outcome.kind === "malformed") {
    return { fault: outcome.fault };
  }
  const fault = validateMessage(outcome.message, limits);
  return fault === undefined ? { message: outcome.message } : { fault };
}

/** Well-formed here; what the engine and the applications make of them is theirs (405, 415, 420, 483 …). */
const ACCEPTED =
  `wsinv esc01 escnull lwsdisp dblreq semiuri transports mpart01 unreason noreason baddate badbranch unksm2
bext01 invut regaut01 bcast zeromf cparam01 cparam02 regescrt sdp01 longreq`.split(/\s+/);

for (const name of ACCEPTED) {
  test(`RFC 4475 ${name} is accepted`, () => {
    const { fault, message } = judge(torture(name));
    assert.equal(fault, undefined);
    // Writing and reading it again gives the same message.
    const again = serializeMessage(message ?? assert.fail("no message"));
    const { message: reread } = judge(again);
    assert.equal(serializeMessage(reread ?? assert.fail("no message")), again);
  });
}

/** Status of the answer, and whether the request can be answered at all. */
const REFUSED: readonly (readonly [name: string, status: number, answered: boolean])[] = [
  ["badinv01", 400, false], // its Via is malformed
  ["clerr", 400, true],
  ["ncl", 400, true],
  ["scalar02", 400, true],
  ["quotbal", 400, true],
  ["ltgtruri", 400, true],
  ["lwsruri", 400, true],
  ["lwsstart", 400, true],
  ["trws", 400, true],
  ["escruri", 400, true],
  ["regbadct", 400, true],
  ["badaspec", 400, true],
  ["baddn", 400, true],
  ["badvers", 505, true], // though its Via is of SIP/7.0
  ["mismatch01", 400, true],
  ["mismatch02", 400, true],
  ["insuf", 400, false], // no From, To and Call-ID to copy
  ["unkscm", 416, true],
  ["novelsc", 416, true],
  ["multi01", 400, true],
  ["mcl01", 400, true],
  ["esc02", 400, true], // `C%6Fntact` must not be Contact for anyone behind us
  ["intmeth", 400, false], // a NUL, though quoted: no answer could be written without it
  ["inv2543", 400, true], // no Contact
  ["scalarlg", 400, false], // a response
  ["bigcode", 400, false], // a response
];

for (const [name, status, answered] of REFUSED) {
  test(`RFC 4475 ${name} is refused with ${status}`, () => {
    const { fault } = judge(torture(name));
    assert.equal(fault?.status, status);
    assert.equal(fault?.answerable !== undefined, answered);
    if (fault?.answerable !== undefined) {
      const response = createResponse(fault.answerable, status, { reason: fault.reason, toTag: "t" });
      assert.equal(parseMessage(serializeMessage(response)).kind, "message");
    }
  });
}

test("RFC 4475 intmeth parses: only validation objects to the NUL", () => {
  const outcome = parseMessage(torture("intmeth"));
  assert.equal(outcome.kind, "message");
});

test("RFC 4475 wsinv: folding, white space, compact forms and order", () => {
  const { message } = judge(torture("wsinv"));
  const headers = message?.headers;
  assert.equal(headers?.get("To"), "sip:vivekg@chair-dnrc.example.com ; tag = 1918181833n");
  assert.equal(headers?.get("From"), '"J Rosenberg \\\\\\"" <sip:jdrosen@example.com> ; tag = 98asjd8');
  assert.deepEqual(headers?.all("via"), [
    "SIP / 2.0 /UDP 192.0.2.2;branch=390skdjuw",
    "SIP / 2.0 / TCP spindle.example.com ; branch = z9hG4bK9ikj8 , SIP / 2.0 / UDP 192.168.255.111 ; branch= z9hG4bK30239",
  ]);
  assert.equal(headers?.get("Subject"), "");
  assert.equal(headers?.get("NewFangledHeader"), "newfangled value continued newfangled value");
  assert.equal(
    headers?.get("Contact"),
    '"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; secondparam ; q = 0.33',
  );
  assert.equal(message?.body.length, 150);
});

test("RFC 4475 on a stream: dblreq is two messages; clerr waits; ncl and mcl01 break the stream", () => {
  // The last line break of dblreq is beyond its Content-Length by one byte.
  assert.deepEqual(kinds("dblreq"), ["message", "keepalive", "message", "broken"]);
  assert.deepEqual(kinds("clerr"), []);
  assert.deepEqual(kinds("ncl"), ["broken"]);
  assert.deepEqual(kinds("mcl01"), ["broken"]);
  assert.deepEqual(kinds("mpart01"), ["message"]);
});
