import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { TORTURE_MESSAGES } from "@mss/sip-message/testing";

const SCENARIOS = path.join(import.meta.dirname, "../../../test/sipp");

/** What SIPp would put for its key words. */
const KEY_WORDS: Readonly<Record<string, string>> = {
  service: "4000",
  transport: "UDP",
  remote_ip: "127.0.0.3",
  remote_port: "5060",
  local_ip: "127.0.0.9",
  local_port: "5070",
  local_ip_type: "4",
  caller: "1000",
  call_id: "1-77@127.0.0.9",
  call_number: "1",
  pid: "77",
  branch: "z9hG4bK-77-1-0",
  peer_tag_param: ";tag=to-1",
  authentication:
    'Authorization: Digest username="1000",realm="hk",nonce="5a6b",uri="sip:4000@127.0.0.3:5060",response="6629fae49393a05397450978507c4ef1",algorithm=MD5,cnonce="0a4f113b",qop=auth,nc=00000001',
  last_Via: "Via: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bK-1;rport",
  last_From: "From: <sip:1000@127.0.0.3>;tag=from-1",
  last_To: "To: <sip:4000@127.0.0.3>",
  "last_Call-ID": "Call-ID: 2-77@127.0.0.3",
  last_CSeq: "CSeq: 1 INVITE",
  expires: "60",
  next_url: "sip:4000@127.0.0.3:5060",
  to_of_invite: " <sip:4000@127.0.0.3>",
  from_of_invite: " <sip:1000@127.0.0.3>;tag=from-1",
  sequence_of_invite: " 1 INVITE",
};

/** The messages that the phones of the end-to-end tests send, as SIPp would write them. */
function scenarioMessages(): readonly string[] {
  const files = readdirSync(SCENARIOS).filter((file) => file.endsWith(".xml"));
  return files.flatMap((file) =>
    [...readFileSync(path.join(SCENARIOS, file), "utf8").matchAll(/<!\[CDATA\[([\s\S]*?)\]\]>/g)].map((data) =>
      render(data[1] ?? ""),
    ),
  );
}

function render(template: string): string {
  const text = template
    .split("\n")
    .map((line) => line.trim())
    .join("\r\n")
    .replace(/^(?:\r\n)+/, "")
    // `[branch-3]` is a branch, `[last_Via:]` a whole line, `[$name]` what the scenario has kept.
    .replace(/\[\$?([A-Za-z_-]*[A-Za-z])(?:-\d+|:)?\]/g, (all, word: string) => KEY_WORDS[word] ?? all);
  const bodyStart = text.indexOf("\r\n\r\n") + 4;
  const body = text
    .slice(bodyStart)
    .replace(/(?:\r\n)+$/, "\r\n")
    .replace(/^\r\n$/, "");
  return text.slice(0, bodyStart).replace("[len]", String(body.length)) + body;
}

/** What desk phones and trunks send besides: every header that somebody reads. */
const RICH = [
  "REFER sip:4000@10.0.0.1:5060;transport=tcp SIP/2.0",
  "Via: SIP/2.0/TCP 10.1.0.23:5060;branch=z9hG4bK1d32;rport, SIP/2.0/UDP [2001:db8::1]:5061;branch=z9hG4bKb;received=10.0.0.9",
  "Max-Forwards: 70",
  'From: "Reception, Hong Kong" <sip:1000@hk.example.com;user=phone>;tag=9fxced76sl;x="a;b"',
  "To: Carol <sip:4000@london.example.com>;tag=8321234356",
  "Call-ID: 3848276298220188511@10.1.0.23",
  "CSeq: 7 REFER",
  'Contact: <sip:1000@10.1.0.23:5060;transport=tcp>;expires=60;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>", sip:1000@10.1.0.24',
  "Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>",
  "Record-Route: <sip:p3.example.com;lr>",
  "Refer-To: <sip:5000@london.example.com?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>",
  "Referred-By: <sip:1000@hk.example.com>",
  'P-Asserted-Identity: "Alice" <sip:1000@hk.example.com>, <tel:+85210001000>',
  "Diversion: <sip:4001@london.example.com>;reason=user-busy;counter=1",
  'Authorization: Digest username="1000", realm="hk", nonce="5a6b", uri="sip:4000@10.0.0.1", response="6629fae49393a05397450978507c4ef1", algorithm=MD5',
  "Supported: replaces, 100rel, timer",
  "Content-Type: multipart/mixed;boundary=b1",
  "Content-Length: 78",
  "",
  "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1\r\nContent-Type: x/y\r\n\r\nz\r\n--b1--\r\n",
].join("\r\n");

const RESPONSE = [
  "SIP/2.0 401 Unauthorized",
  "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc",
  "f: <sip:1000@hk.example.com>;tag=1",
  "t: <sip:1000@hk.example.com>;tag=2",
  "i: 77@127.0.0.1",
  "CSeq: 2 REGISTER",
  "m: <sip:1000@127.0.0.1>;expires=60",
  'WWW-Authenticate: Digest realm="hk", nonce="1", algorithm=SHA-256, qop="auth"',
  "l: 0",
  "\r\n",
].join("\r\n");

/** Every message that mutants are made of, in an order that does not change by itself. */
export const SEEDS: readonly string[] = [
  ...TORTURE_MESSAGES.map(({ text }) => text),
  ...new Set(scenarioMessages()),
  RICH,
  RESPONSE,
];
