import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, test } from "node:test";
import type { RequestParts } from "../support/peer/peer.ts";
import { SDP, SDP_TYPE } from "../support/peer/peer.ts";
import { outcome } from "./support/outcome.ts";
import { startSite } from "./support/site.ts";
import type { Site } from "./support/site.ts";

const site = await startSite({ net: 2 });
const alice = await site.phone("1000");
const carol = await site.phone("4000");
const victims = [alice, carol];

afterEach(async () => {
  for (const { number, peer } of victims) {
    assert.deepEqual(peer.unreadRequests, [], `nothing reaches ${number}`);
  }
  await site.stillServes();
});

const NODES = ["hk", "london", "hub"] as const;

/** A request about a number at a node, as a stranger writes it. */
function about(number: string, node: (typeof NODES)[number], more: RequestParts = {}): RequestParts {
  const uri = `sip:${number}@${site.hosts[node]}`;
  return { uri, to: `<${uri}>`, headers: [SDP_TYPE], body: SDP, callId: randomBytes(8).toString("hex"), ...more };
}

const METHODS = [
  "INVITE",
  "OPTIONS",
  "MESSAGE",
  "SUBSCRIBE",
  "NOTIFY",
  "PUBLISH",
  "REFER",
  "INFO",
  "UPDATE",
  "PRACK",
  "BYE",
  "CANCEL",
  "REGISTER",
] as const;

/** What comes of a request without credentials: a challenge, or that there is no such thing. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 481, 489, 501]);

test("SEC-05: a request of any method without credentials, about a registered phone, goes nowhere", async () => {
  for (const node of NODES) {
    const stranger = await site.stranger({ node });
    for (const method of METHODS) {
      for (const number of ["1000", "4000"]) {
        const headers = [SDP_TYPE, "Event: dialog", "Refer-To: <sip:4000@example.org>", "RAck: 1 1 INVITE"];
        const final = await outcome(stranger, method, about(number, node, { headers }));
        assert.ok(REFUSED.has(final.status ?? 0), `${method} of ${number} at ${node}: ${final.startLine}`);
      }
    }
    // an ACK is never answered: what comes after it shows that it was read
    stranger.request("ACK", about("1000", node));
    await outcome(stranger, "CANCEL", about("1000", node));
    assert.deepEqual(stranger.unreadRequests, [], node);
  }
});

/** Headers by which a stranger says that it is somebody else. */
function claims(node: keyof Site["hosts"]): readonly RequestParts[] {
  const { hub, hk } = site.hosts;
  const trunk = node === "hub" ? { host: hk, name: "hk" } : { host: hub, name: "hub-1" };
  const marks = [
    `P-Asserted-Identity: <sip:${trunk.name}@acme>`,
    `X-MSS-Peer-Names: ${trunk.name}.acme`,
    "X-Auth-User: 1001",
    "X-Bypass: 1",
    `Remote-Party-ID: <sip:1001@${hk}>;party=calling;screen=yes`,
    `Session-ID: ${"a".repeat(32)};remote=${"0".repeat(32)}`,
  ];
  return [
    { from: `<sip:${trunk.name}@acme>;tag=a` },
    { from: `<sip:1001@${hk}>;tag=a` },
    { from: `<sip:1001@${trunk.host}>;tag=a`, contact: `<sip:1001@${trunk.host}:5060>` },
    { headers: [SDP_TYPE, ...marks] },
    { headers: [SDP_TYPE, ...marks.map((mark) => mark.replace(":", " :"))] },
    { headers: [SDP_TYPE, `Authorization: Basic ${Buffer.from("1001:x").toString("base64")}`] },
    { headers: [SDP_TYPE, `Proxy-Authorization: Digest username="1001"`] },
  ];
}

test("SEC-06: who a peer is, is not what it says in Via, Contact, From or a header of ours", async () => {
  for (const node of NODES) {
    const stranger = await site.stranger({ node });
    const trunkHost = node === "hub" ? site.hosts.hk : site.hosts.hub;
    for (const claim of claims(node)) {
      const final = await outcome(stranger, "INVITE", about(node === "hk" ? "1000" : "4000", node, claim));
      assert.equal(final.status, 407, `${JSON.stringify(claim)} at ${node}`);
    }
    for (const via of [
      `SIP/2.0/UDP ${trunkHost}:5060;branch=BRANCH;rport`,
      `SIP/2.0/UDP ${trunkHost}:5060;branch=BRANCH;rport=5060;received=${trunkHost}`,
      `SIP/2.0/TLS ${trunkHost}:5061;branch=BRANCH;rport`,
    ]) {
      const text = stranger
        .requestText("INVITE", about(node === "hk" ? "1000" : "4000", node))
        .replace(/^Via: .*$/m, `Via: ${via.replace("BRANCH", `z9hG4bK${randomBytes(8).toString("hex")}`)}`);
      stranger.send(text);
    }
    await outcome(stranger, "CANCEL", about("1000", node)); // what came before it has been read
  }
});

test("SEC-31: a method is that method only when written exactly", async () => {
  for (const node of NODES) {
    const stranger = await site.stranger({ node });
    const spelled = METHODS.flatMap((method) => [
      method.toLowerCase(),
      method.slice(0, 1) + method.slice(1).toLowerCase(),
      `${method}X`,
      `X${method}`,
      method.slice(0, -1),
      `${method.slice(0, 3)}%${method.charCodeAt(3).toString(16)}${method.slice(4)}`,
      `${method}-`,
    ]);
    for (const method of spelled) {
      const { status } = await outcome(stranger, method, about("1000", node, { sequence: 1 }));
      assert.ok(status === 501 || status === 405 || status === 400, `${method} at ${node}: ${status}`);
    }
  }
});
