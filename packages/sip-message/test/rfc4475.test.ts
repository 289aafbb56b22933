import assert from "node:assert/strict";
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
import { TORTURE } from "./torture-messages.ts";
import type { TortureName } from "./torture-messages.ts";

/** What a framer makes of it. */
function kinds(name: TortureName): readonly string[] {
  return createStreamFramer()
    .push(TORTURE[name])
    .map((item) => item.kind);
}

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

/** Well-formed here; what the engine and the applications make of them is theirs (405, 420, 483 …). */
const ACCEPTED: readonly TortureName[] = [
  ...(["wsinv", "esc01", "escnull", "lwsdisp", "longreq", "dblreq", "semiuri", "transports"] as const),
  ...(["unreason", "noreason", "bcast", "zeromf"] as const),
];

for (const name of ACCEPTED) {
  test(`${name} is accepted`, () => {
    const { fault, message } = judge(TORTURE[name]);
    assert.equal(fault, undefined);
    // Writing and reading it again gives the same message.
    const again = serializeMessage(message ?? assert.fail("no message"));
    const { message: reread } = judge(again);
    assert.equal(serializeMessage(reread ?? assert.fail("no message")), again);
  });
}

/** Status of the answer, and whether the message can be answered at all. */
const REFUSED: readonly (readonly [name: TortureName, status: number, answered: boolean])[] = [
  ["badinv01", 400, false], // its Via is malformed
  ["clerr", 400, true],
  ["ncl", 400, true],
  ["scalar02", 400, true],
  ["scalarlg", 400, false], // a response
  ["quotbal", 400, true],
  ["ltgtruri", 400, true],
  ["lwsruri", 400, true],
  ["lwsstart", 400, true],
  ["trws", 400, true],
  ["escruri", 400, true],
  ["regbadct", 400, true],
  ["badaspec", 400, true],
  ["baddn", 400, true],
  ["badvers", 505, true],
  ["mismatch01", 400, true],
  ["mismatch02", 400, true],
  ["bigcode", 400, false], // a response
  ["esc02", 400, true], // `C%6Fntact` must not be Contact for anyone behind us
  ["intmeth", 400, false], // a NUL, though quoted: no answer could be written without it
  ["insuf", 400, false], // no From, To and Call-ID to copy
  ["unkscm", 416, true],
  ["novelsc", 416, true],
  ["multi01", 400, true],
  ["mcl01", 400, true],
];

for (const [name, status, answered] of REFUSED) {
  test(`${name} is refused with ${status}`, () => {
    const { fault } = judge(TORTURE[name]);
    assert.equal(fault?.status, status);
    assert.equal(fault?.answerable !== undefined, answered);
    if (fault?.answerable !== undefined) {
      const response = createResponse(fault.answerable, status, { reason: fault.reason, toTag: "t" });
      assert.equal(parseMessage(serializeMessage(response)).kind, "message");
    }
  });
}

test("every message is in one of the two tables", () => {
  const judged = new Set<string>([...ACCEPTED, ...REFUSED.map(([name]) => name)]);
  assert.deepEqual(
    Object.keys(TORTURE).filter((name) => !judged.has(name)),
    [],
  );
});

test("wsinv: folding, white space, compact forms and order", () => {
  const { message } = judge(TORTURE.wsinv);
  const headers = message?.headers;
  assert.equal(headers?.get("To"), "sip:vivekg@chair-dnrc.example.com ; tag = 1918181833n");
  assert.equal(headers?.get("From"), '"J Rosenberg \\\\\\"" <sip:jdrosen@example.com> ; tag = 98asjd8');
  assert.deepEqual(headers?.all("via"), [
    "SIP / 2.0 / TCP spindle.example.com ; branch = z9hG4bK9ikj8 , SIP / 2.0 / UDP 192.168.255.111 ; branch= z9hG4bK30239",
  ]);
  assert.equal(headers?.get("Subject"), "");
  assert.equal(headers?.get("NewFangledHeader"), "newfangled value continued newfangled value");
  assert.equal(
    headers?.get("Contact"),
    '"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; secondparam ; q = 0.33',
  );
});

test("on a stream: dblreq is two messages; clerr waits; ncl and mcl01 break the stream", () => {
  assert.deepEqual(kinds("dblreq"), ["message", "message"]);
  assert.deepEqual(kinds("clerr"), []);
  assert.deepEqual(kinds("ncl"), ["broken"]);
  assert.deepEqual(kinds("mcl01"), ["broken"]);
});
