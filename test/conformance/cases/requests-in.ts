import assert from "node:assert/strict";
import type { ConformanceCase } from "../support/cases.ts";
import { branchOf, SDP, SDP_TYPE } from "../../support/peer/peer.ts";
import type { RequestParts } from "../../support/peer/peer.ts";
import type { Rig } from "../support/rig.ts";
import { tagOf } from "../../support/peer/message.ts";

/** Requests outside of dialogs, from a peer to an application. */
export const REQUESTS_IN: readonly ConformanceCase[] = [
  ...["OPTIONS", "REGISTER", "MESSAGE", "INFO", "PUBLISH", "NOTIFY"].map((method) => ({
    name: `${method} reaches the application as it came, and its answer the peer`,
    run: passes(method),
  })),
  ...["OPTIONS", "MESSAGE"].map((method) => ({
    name: `${method} by TCP: the answer comes on the same connection`,
    run: passes(method, "tcp"),
  })),
  {
    name: "REFER outside of a dialog reaches the application",
    run: passes("REFER"),
    differs: { drachtio: { row: "discards REFER and unknown methods outside dialogs", run: isNotAnswered("REFER") } },
  },
  {
    name: "an unknown method",
    run: isRefused("FROBNICATE", 501),
    differs: {
      drachtio: { row: "discards REFER and unknown methods outside dialogs", run: isNotAnswered("FROBNICATE") },
    },
  },
  {
    name: "a method that no application takes",
    run: isRefused("PUBLISH", 405),
    differs: { drachtio: { row: "503 when nobody wants a method", run: isRefused("PUBLISH", 503) } },
  },
  {
    name: "no application is connected: OPTIONS and INVITE are answered 503",
    run: async (rig) => {
      const peer = await rig.peer();
      const options = peer.request("OPTIONS");
      assert.equal((await peer.final(options)).status, 503);
      const invite = peer.request("INVITE", { headers: [SDP_TYPE], body: SDP });
      assert.equal((await peer.final(invite)).status, 503);
      peer.ofInvite("ACK", invite);
    },
  },
  {
    name: "every refusal reaches the peer with the application's reason and headers",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      const refusals = [
        [302, "Moved Temporarily", { Contact: "<sip:elsewhere@127.0.0.1>" }],
        [401, "Unauthorized", { "WWW-Authenticate": 'Digest realm="here", nonce="n1", algorithm=MD5, qop="auth"' }],
        [404, "No Such Person", { "X-Reason": "moved away" }],
        [503, "Service Unavailable", { "Retry-After": "7" }],
        [603, "Decline", { Warning: '399 here "not today"' }],
      ] as const;
      for (const [status, reason, headers] of refusals) {
        const request = peer.request("MESSAGE");
        const { res } = await app.received("MESSAGE");
        res.send(status, reason, { headers });
        const answer = await peer.final(request);
        assert.equal(answer.startLine, `SIP/2.0 ${status} ${reason}`);
        for (const [name, value] of Object.entries(headers)) {
          assert.equal(compact(answer.get(name)), compact(value));
        }
      }
    },
  },
  {
    name: "credentials of a REGISTER reach the application, and its Contact and Expires the phone",
    run: async (rig) => {
      const app = await rig.application({ takes: ["register"] });
      const phone = await rig.peer();
      const first = phone.request("REGISTER", { headers: ["Expires: 600"] });
      const challenge = 'Digest realm="here", nonce="abc", algorithm=MD5, qop="auth"';
      (await app.received("REGISTER")).res.send(401, { headers: { "WWW-Authenticate": challenge } });
      assert.equal(compact((await phone.final(first)).get("WWW-Authenticate")), compact(challenge));
      const credentials =
        'Digest username="1000", realm="here", nonce="abc", uri="sip:here", response="0123456789abcdef"';
      const second = phone.request("REGISTER", {
        sequence: 2,
        from: first.get("From"),
        callId: first.get("Call-ID"),
        headers: ["Expires: 600", `Authorization: ${credentials}`],
      });
      const { req, res } = await app.received("REGISTER");
      assert.equal(compact(req.get("Authorization")), compact(credentials));
      assert.equal(req.get("Contact"), `<${phone.uri}>`);
      assert.equal(req.get("Expires"), "600");
      res.send(200, { headers: { Contact: `<${phone.uri}>;expires=300`, Expires: "300" } });
      const ok = await phone.final(second);
      assert.equal(ok.get("Contact"), `<${phone.uri}>;expires=300`);
      assert.equal(ok.get("Expires"), "300");
    },
  },
  {
    name: "a request that comes again reaches the application once, and its answer is repeated",
    run: async (rig) => {
      const app = await rig.application({ takes: ["options", "message"] });
      const peer = await rig.peer();
      const request = peer.request("OPTIONS");
      const { res } = await app.received("OPTIONS");
      peer.send(request.text); // before the answer: absorbed
      res.send(200);
      const answer = await peer.final(request);
      peer.send(request.text);
      await peer.nextCopy(answer);
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "an answer after the final one is not sent",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      const request = peer.request("MESSAGE");
      const { res } = await app.received("MESSAGE");
      res.send(200);
      assert.equal((await peer.final(request)).status, 200);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      res.send(404, {}, resolve);
      assert.ok((await promise) instanceof Error);
      await rig.nothingElseCame(app, peer);
    },
  },
  {
    name: "compact and folded headers, and several values of one, are understood",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      const { host, port } = peer.address;
      const text = [
        `MESSAGE ${peer.serverUri} SIP/2.0`,
        `v: SIP/2.0/UDP ${host}:${port};branch=z9hG4bKcompact;rport`,
        `f: <${peer.uri}>;tag=compact`,
        `t: <${peer.serverUri}>`,
        "i: compact-headers",
        "cseq: 7 MESSAGE",
        "Max-Forwards:70",
        "Subject: one",
        "  and two",
        "X-List: a, b",
        "X-List: c",
        "c: text/plain",
        "l: 2",
        "",
        "hi",
      ].join("\r\n");
      peer.send(text);
      const { req, res } = await app.received("MESSAGE");
      assert.equal(req.get("Call-ID"), "compact-headers");
      assert.equal(req.get("From"), `<${peer.uri}>;tag=compact`);
      assert.equal(req.get("Content-Type"), "text/plain");
      assert.match(req.get("Subject"), /^one\s+and two$/);
      assert.equal(req.get("X-List").replaceAll(" ", ""), "a,b,c");
      assert.equal(req.body, "hi");
      res.send(200);
      assert.equal((await peer.next(200)).get("Call-ID"), "compact-headers");
    },
  },
  {
    name: "a request at the end of its hops is answered 483",
    run: async (rig) => {
      const app = await rig.application({ takes: ["message"] });
      const peer = await rig.peer();
      const request = peer.request("MESSAGE", { maxForwards: 0 });
      assert.equal((await peer.final(request)).status, 483);
      await rig.nothingElseCame(app, peer);
    },
    differs: {
      drachtio: {
        row: "hands on a request with Max-Forwards 0",
        run: (rig) => reachesApplication(rig, "MESSAGE", { maxForwards: 0 }),
      },
    },
  },
  ...["BYE", "INVITE", "UPDATE"].map((method) => ({
    name: `${method} of a dialog that nobody knows is answered 481`,
    run: isUnknownDialog(method),
  })),
  ...["INFO", "MESSAGE", "OPTIONS"].map((method) => ({
    name: `${method} of a dialog that nobody knows is answered 481`,
    run: isUnknownDialog(method),
    differs: {
      drachtio: {
        row: "takes INFO, MESSAGE … of an unknown dialog for requests outside of one",
        run: (rig: Rig) => reachesApplication(rig, method, { to: "<sip:service@127.0.0.1>;tag=nobody" }),
      },
    },
  })),
  {
    name: "PRACK of a dialog that nobody knows is answered 481",
    run: isUnknownDialog("PRACK"),
    differs: { drachtio: { row: "discards PRACK of an unknown dialog", run: isNotAnswered("PRACK") } },
  },
  {
    name: "CANCEL of nothing is answered 481",
    run: async (rig) => {
      await rig.application({ takes: ["invite"] });
      const peer = await rig.peer();
      const cancel = peer.request("CANCEL");
      assert.equal((await peer.final(cancel)).status, 481);
    },
  },
  {
    name: "ACK of nothing is not answered, and reaches nobody",
    run: async (rig) => {
      const app = await rig.application({ takes: ["ack", "options"] });
      const peer = await rig.peer();
      peer.request("ACK", { to: `<${peer.serverUri}>;tag=gone` });
      await rig.nothingElseCame(app, peer);
    },
  },
];

function passes(method: string, transport: "udp" | "tcp" = "udp"): ConformanceCase["run"] {
  return async (rig) => {
    const app = await rig.application({ takes: [method.toLowerCase()] });
    const peer = await rig.peer(transport);
    const body = `a body of ${method}`;
    const request = peer.request(method, {
      headers: [
        "X-Custom: some Value, with a comma",
        "User-Agent: peer/1",
        "Event: presence",
        "Content-Type: text/plain",
      ],
      body,
    });
    const { req, res } = await app.received(method);
    assert.equal(req.method, method);
    assert.equal(req.uri, peer.serverUri);
    for (const name of ["From", "To", "Call-ID", "CSeq", "X-Custom", "User-Agent", "Content-Type"]) {
      assert.equal(req.get(name), request.get(name), name);
    }
    assert.equal(req.body, body);
    assert.equal(req.protocol, transport);
    assert.equal(req.source_address, peer.address.host);
    if (transport === "udp") {
      assert.equal(req.source_port, peer.address.port);
    }
    res.send(202, { headers: { "X-Answer": "yes", "Content-Type": "text/plain" }, body: "an answer" });
    const answer = await peer.final(request);
    assert.equal(answer.startLine, "SIP/2.0 202 Accepted");
    assert.equal(branchOf(answer), branchOf(request));
    for (const name of ["From", "Call-ID", "CSeq"]) {
      assert.equal(answer.get(name), request.get(name), name);
    }
    assert.ok(answer.get("To").startsWith(request.get("To")) && tagOf(answer.get("To")) !== "", "a tag of its own");
    assert.equal(answer.get("X-Answer"), "yes");
    assert.equal(answer.body, "an answer");
  };
}

function isRefused(method: string, status: number): ConformanceCase["run"] {
  return async (rig) => {
    const app = await rig.application({ takes: ["options"] });
    const peer = await rig.peer();
    const request = peer.request(method, { headers: ["Event: presence"] });
    assert.equal((await peer.final(request)).status, status);
    await rig.nothingElseCame(app, peer);
  };
}

function isNotAnswered(method: string): ConformanceCase["run"] {
  return async (rig) => {
    const app = await rig.application({ takes: ["options", "refer"] });
    const peer = await rig.peer();
    peer.request(method, { headers: ["Refer-To: <sip:other@127.0.0.1>"] });
    await rig.nothingElseCame(app, peer);
  };
}

async function reachesApplication(rig: Rig, method: string, parts: RequestParts): Promise<void> {
  const app = await rig.application({ takes: [method.toLowerCase()] });
  const peer = await rig.peer();
  const request = peer.request(method, parts);
  (await app.received(method)).res.send(404);
  assert.equal((await peer.final(request)).status, 404);
}

function isUnknownDialog(method: string): ConformanceCase["run"] {
  return async (rig) => {
    const app = await rig.application({ takes: ["invite", "info", "message", "options"] });
    const peer = await rig.peer();
    const request = peer.request(method, { to: `<${peer.serverUri}>;tag=nobody` });
    assert.equal((await peer.final(request)).status, 481);
    if (method === "INVITE") {
      peer.ofInvite("ACK", request, { to: `<${peer.serverUri}>;tag=nobody` });
    }
    await rig.nothingElseCame(app, peer);
  };
}

/** Digest parameters may be joined by a comma with or without white space. */
function compact(value: string): string {
  return value.replaceAll(/,\s+/g, ",");
}
