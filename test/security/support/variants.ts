import { Random, mutate } from "@mss/sip-message/testing";
import { tagOf } from "../../support/peer/message.ts";
import { SDP } from "../../support/peer/peer.ts";
import type { PeerDialog } from "../../support/peer/peer-dialog.ts";

/** What an attacker has found out: more than most will ever know, but no password. */
export interface Ground {
  /** Nodes, by address. */
  readonly nodes: readonly [string, ...string[]];
  /** Contact URIs of registered phones. */
  readonly phones: readonly [string, ...string[]];
  readonly numbers: readonly [string, ...string[]];
  /** Calls that are up, read off the wire. */
  readonly calls: readonly [PeerDialog, ...PeerDialog[]];
  /** Values of Authorization and Proxy-Authorization that were accepted once. */
  readonly captured: readonly [string, ...string[]];
  /** Where nothing may ever go. */
  readonly infrastructure: string;
}

export interface Variant {
  readonly text: string;
  readonly node: string;
}

const METHODS = ["INVITE", "INVITE", "INVITE", "INVITE", "REFER", "UPDATE"] as const;
const SPELLED = ["invite", "Invite", "INVITEX", "INVITE\t", "INV%49TE", " INVITE", "IN\0VITE", "REFERENCE"] as const;
const TRUNKS = ["hub-1", "hk", "london"] as const;

const CLAIMS = [
  "P-Asserted-Identity: <sip:1000@acme>",
  "P-Preferred-Identity: <sip:1000@acme>",
  "Remote-Party-ID: <sip:1000@acme>;screen=yes;party=calling",
  "X-MSS-Peer-Names: hub-1.acme, hk.acme",
  "X-Authenticated: yes",
  "Diversion: <sip:1000@acme>;reason=unconditional",
  "History-Info: <sip:1000@acme>;index=1",
  "Referred-By: <sip:1000@acme>",
  "Session-ID: 0123456789abcdef0123456789abcdef;remote=00000000000000000000000000000000",
  "Privacy: none",
  "Supported: replaces, 100rel, timer, norefersub",
  "Refer-Sub: false",
  "Event: dialog",
  "Expires: 0",
  "Priority: emergency",
  "Resource-Priority: esnet.0",
] as const;

const SPELLINGS: readonly [(line: string) => string, ...((line: string) => string)[]] = [
  (line) => line,
  (line) => line.toLowerCase(),
  (line) => line.replace(": ", ":\t"),
  (line) => line.replace(":", " :"),
  (line) => line.replace(": ", ":\r\n "),
  (line) => line.replace("-", "%2d"),
  (line) => line.toUpperCase(),
  (line) => `${line}\r\n${line}`,
];

/** One value of those; each choice of a variant is made by it alone. */
class Choice {
  readonly random: Random;
  readonly ground: Ground;

  constructor(random: Random, ground: Ground) {
    this.random = random;
    this.ground = ground;
  }

  hex(): string {
    return Array.from({ length: 16 }, () => this.random.below(16).toString(16)).join("");
  }

  requestUri(node: string): string {
    const { random, ground } = this;
    const number = random.pick(ground.numbers);
    return random.pick([
      `sip:${number}@${node}`,
      `sip:${number}@${node}`,
      `sip:${number}@${random.pick(ground.nodes)}`,
      random.pick(ground.phones),
      `sip:${number}@${node};maddr=${ground.infrastructure}`,
      `sip:${number}@${ground.infrastructure}:6379;transport=tcp`,
      `sips:${number}@${node}`,
      `tel:${number}`,
      `tel:+${number};phone-context=acme`,
      `sip:%31000@${node}`,
      `sip:${number};phone-context=x@${node}`,
      `sip:${number}:secret@${node}`,
      `sip:${number}@[::ffff:${node}]`,
      `sip:${random.pick(TRUNKS)}@${node}`,
      `sip:${node}`,
      "urn:service:sos",
    ]);
  }

  from(node: string): string {
    const { random, ground } = this;
    const user = random.oneIn(3) ? random.pick(TRUNKS) : random.pick(ground.numbers);
    const host = random.pick([node, random.pick(ground.nodes), "acme", "anonymous.invalid", "attacker.example"]);
    const name = random.pick(["", '"Phone 1000" ', '"<sip:1000@acme>" ', "Alice "]);
    return `${name}<sip:${user}@${host}>;tag=${this.hex()}`;
  }

  via(transport: string): string {
    const { random, ground } = this;
    const host = random.pick([random.pick(ground.nodes), "attacker.example", ground.infrastructure, "127.0.0.1"]);
    const more = random.pick([
      ";rport",
      ";rport=5060;received=127.0.0.1",
      ";received=127.0.0.1",
      ";alias",
      ";maddr=127.0.0.1;rport",
    ]);
    return `SIP/2.0/${transport} ${host}:5060;branch=z9hG4bK${this.hex()}${more}`;
  }

  credentials(): readonly string[] {
    const { random, ground } = this;
    const name = random.pick(["Authorization", "Proxy-Authorization"]);
    const user = random.oneIn(2) ? random.pick(TRUNKS) : random.pick(ground.numbers);
    const realm = random.pick(["hk", "london", "acme", ""]);
    return random.pick([
      [],
      [],
      [`${name}: ${random.pick(ground.captured)}`],
      [`${name}: ${random.pick(ground.captured).replace(/nc=0+1/, "nc=00000002")}`],
      [`${name}: ${random.pick(ground.captured).replace(/username="[^"]*"/, `username="${user}"`)}`],
      [
        `${name}: Digest username="${user}", realm="${realm}", nonce="${this.hex()}", uri="sip:x", response="${this.hex()}${this.hex()}"`,
      ],
      [`${name}: Digest username="${user}", realm="${realm}", nonce="", uri="", response=""`],
      [`${name}: Basic ${Buffer.from(`${user}:${user}`).toString("base64")}`],
      [`${name}: Digest`],
    ]);
  }

  routes(node: string): readonly string[] {
    const { random, ground } = this;
    return random.pick([
      [],
      [],
      [`Route: <sip:${node}:5060;lr>`],
      [`Route: <sip:${node};lr>, <${random.pick(ground.phones)}>`],
      [`Route: <${random.pick(ground.phones)};lr>`],
      [`Route: <sip:${ground.infrastructure}:6379;lr>`],
      [`Record-Route: <sip:${ground.infrastructure};lr>`, `Path: <sip:${ground.infrastructure};lr>`],
    ]);
  }

  /** Identifiers of a call: of one that is up, wholly or in part, or of none. */
  identifiers(uri: string, node: string): { readonly to: string; readonly from: string; readonly callId: string } {
    const { random, ground } = this;
    const own = { to: `<${uri}>`, from: this.from(node), callId: this.hex() };
    const { local, remote, callId } = random.pick(ground.calls);
    return random.pick([
      own,
      own,
      own,
      own,
      { ...own, to: `<${uri}>;tag=${this.hex()}` },
      { ...own, callId },
      { to: remote, from: local, callId },
      { to: local, from: remote, callId },
      { ...own, to: remote, callId },
      { to: remote, from: local, callId: this.hex() },
    ]);
  }

  /** In the place of a call that is up (RFC 3891, RFC 3911). */
  joining(): readonly string[] {
    const { random, ground } = this;
    const { callId, local, remote } = random.pick(ground.calls);
    const value = `${callId};to-tag=${tagOf(remote)};from-tag=${tagOf(local)}`;
    return random.oneIn(4)
      ? [`${random.pick(["Replaces", "Join"])}: ${value}`, ...(random.oneIn(4) ? ["Require: replaces"] : [])]
      : [];
  }
}

/** The variant of that number: the seed decides it. INVITE, REFER and UPDATE without a password (SEC-04 to 08, 29, 31). */
export function variantOf(ground: Ground, seed: number, number: number, transport: "UDP" | "TCP"): Variant {
  const random = new Random(seed, number);
  const choice = new Choice(random, ground);
  const node = random.pick(ground.nodes);
  const exact = random.pick(METHODS);
  const method = random.oneIn(12) ? random.pick(SPELLED) : exact;
  const uri = choice.requestUri(node);
  const { to, from, callId } = choice.identifiers(uri, node);
  const claims = Array.from({ length: random.below(4) }, () => random.pick(SPELLINGS)(random.pick(CLAIMS)));
  const text = [
    `${method} ${uri} SIP/2.0`,
    `Via: ${choice.via(transport)}`,
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${1 + random.below(200)} ${random.oneIn(20) ? "ACK" : exact}`,
    `Contact: <${random.pick([...ground.phones, `sip:x@${ground.infrastructure}:6379`])}>`,
    "Max-Forwards: 70",
    ...(exact === "REFER" ? [`Refer-To: <${choice.requestUri(node)}>`] : []),
    ...choice.joining(),
    ...choice.routes(node),
    ...choice.credentials(),
    ...claims,
    "Content-Type: application/sdp",
    `Content-Length: ${SDP.length}`,
    "",
    SDP,
  ].join("\r\n");
  return { text: random.oneIn(3) ? mutate(text, random, text) : text, node };
}
