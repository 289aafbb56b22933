import assert from "node:assert/strict";
import { test } from "node:test";
import { digestHa1, digestResponse } from "@mss/sip-message";
import { silentLog } from "@mss/runtime";
import { createDigestGuard } from "@mss/call-control";
import type { DigestGuardOptions, DigestOutcome, IncomingRequest } from "@mss/call-control";
import { DigestClient } from "../src/auth/digest-client.ts";

const URI = "sip:4000@hk";
const SECRET = "s3cret";

interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function request({
  method = "INVITE",
  uri = URI,
  host = "127.16.1.1",
  headers = {},
}: RequestParts = {}): IncomingRequest {
  const nobody = { uri: "", user: "", host: "" };
  return {
    method,
    requestUri: uri,
    called: "4000",
    from: nobody,
    to: nobody,
    callId: "call",
    cseq: 1,
    maxForwards: 70,
    source: { transport: "udp", host, port: 5060 },
    peerNames: [],
    body: "",
    header: (name) => headers[name.toLowerCase()],
    reply: () => undefined,
  };
}

function guard(options: Partial<DigestGuardOptions> = {}) {
  return createDigestGuard({ realm: "hk", log: silentLog(), status: 407, ...options });
}

const findSecret = (username: string): string | undefined => (username === "1000" ? SECRET : undefined);

function challengeOf(outcome: DigestOutcome): Extract<DigestOutcome, { kind: "challenge" }> {
  assert.equal(outcome.kind, "challenge");
  assert.ok(outcome.kind === "challenge");
  return outcome;
}

interface SignOptions {
  readonly algorithm?: "SHA-256" | "MD5";
  readonly username?: string;
  readonly secret?: string;
  readonly realm?: string;
  readonly uri?: string;
  readonly nonce: string;
  readonly nc?: string;
  readonly method?: string;
  readonly change?: (header: string) => string;
}

function signed(options: SignOptions): Readonly<Record<string, string>> {
  const { algorithm = "SHA-256", username = "1000", secret = SECRET, realm = "hk", uri = URI, nonce } = options;
  const { nc = "00000001", method = "INVITE", change = (header: string) => header } = options;
  const ha1 = digestHa1({ algorithm, username, realm, password: secret });
  const response = digestResponse({ algorithm, ha1, method, uri, nonce, nc, cnonce: "c", qop: "auth" });
  return {
    "proxy-authorization": change(
      `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", ` +
        `algorithm=${algorithm}, cnonce="c", qop=auth, nc=${nc}`,
    ),
  };
}

async function nonceOf(check: Promise<DigestOutcome>): Promise<string> {
  const [value = ""] = challengeOf(await check).headers["Proxy-Authenticate"] ?? [];
  return /nonce="([^"]+)"/.exec(value)?.[1] ?? "";
}

test("the first answer is a challenge with SHA-256 before MD5, one header each", async () => {
  const outcome = challengeOf(await guard().check(request(), findSecret));
  assert.deepEqual([outcome.status, outcome.stale, outcome.failed], [407, false, false]);
  const values = outcome.headers["Proxy-Authenticate"] ?? [];
  assert.deepEqual(
    values.map((value) => /algorithm=([^,]+)/.exec(value)?.[1]),
    ["SHA-256", "MD5"],
  );
  assert.ok(values.every((value) => value.includes('realm="hk"') && value.includes('qop="auth"')));
});

test("right credentials are accepted with either algorithm", async () => {
  for (const algorithm of ["SHA-256", "MD5"] as const) {
    const checker = guard();
    const nonce = await nonceOf(checker.check(request(), findSecret));
    const outcome = await checker.check(request({ headers: signed({ nonce, algorithm }) }), findSecret);
    assert.deepEqual(outcome, { kind: "authenticated", username: "1000" });
  }
});

test("a replay is refused, and later counts of the nonce are accepted in any order", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const attempt = async (nc: string): Promise<string> =>
    (await checker.check(request({ headers: signed({ nonce, nc }) }), findSecret)).kind;
  assert.equal(await attempt("00000001"), "authenticated");
  assert.equal(await attempt("00000001"), "challenge");
  assert.equal(await attempt("00000005"), "authenticated");
  assert.equal(await attempt("00000003"), "authenticated");
  assert.equal(await attempt("00000003"), "challenge");
  assert.equal(await attempt("00000100"), "authenticated");
  assert.equal(await attempt("00000002"), "challenge", "older than the window");
  assert.equal(await attempt("00000000"), "challenge", "zero is no count");
});

test("SEC-01: 10,000 replays of one request: none is accepted", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const captured = request({ headers: signed({ nonce }) });
  assert.equal((await checker.check(captured, findSecret)).kind, "authenticated");
  for (let count = 0; count < 10_000; count += 1) {
    assert.notEqual((await checker.check(captured, findSecret)).kind, "authenticated");
  }
});

test("a nonce is good for its client's address, its guard and its time only", async () => {
  let nowMs = 1_000_000;
  const checker = guard({ now: () => nowMs });
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const headers = signed({ nonce });
  const elsewhere = challengeOf(await checker.check(request({ headers, host: "127.16.9.9" }), findSecret));
  assert.deepEqual([elsewhere.stale, elsewhere.failed], [true, false]);
  assert.equal((await guard().check(request({ headers }), findSecret)).kind, "challenge");
  nowMs += 300_001;
  const late = challengeOf(await checker.check(request({ headers }), findSecret));
  assert.equal(late.stale, true);
});

test("a nonce from before the clock went back is not accepted", async () => {
  let nowMs = 5_000_000;
  const checker = guard({ now: () => nowMs });
  const nonce = await nonceOf(checker.check(request(), findSecret));
  nowMs = 1_000_000;
  const outcome = await checker.check(request({ headers: signed({ nonce }) }), findSecret);
  assert.equal(challengeOf(outcome).stale, true);
});

test("guards that share a key share nonces, as two workers of a hub do", async () => {
  const secretKey = new Uint8Array(32).fill(7);
  const nonce = await nonceOf(guard({ secretKey }).check(request(), findSecret));
  const outcome = await guard({ secretKey }).check(request({ headers: signed({ nonce }) }), findSecret);
  assert.equal(outcome.kind, "authenticated");
});

test("SEC-02: credentials for another URI are refused for good", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const outcome = await checker.check(request({ headers: signed({ nonce, uri: "sip:9001@hk" }) }), findSecret);
  assert.deepEqual([outcome.kind, outcome.kind === "refused" && outcome.status], ["refused", 403]);
});

test("SEC-27: an unknown user and a wrong secret get the same answer", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const shape = (outcome: DigestOutcome): unknown => {
    const { headers, ...rest } = challengeOf(outcome);
    return {
      ...rest,
      headers: (headers["Proxy-Authenticate"] ?? []).map((value) => value.replace(/nonce="[^"]+"/, "")),
    };
  };
  const unknown = await checker.check(request({ headers: signed({ nonce, username: "9999" }) }), findSecret);
  const wrong = await checker.check(request({ headers: signed({ nonce, secret: "guess" }) }), findSecret);
  assert.deepEqual(shape(unknown), shape(wrong));
  assert.equal(challengeOf(wrong).failed, true);
});

test("what is not well-formed counts as no credentials", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const changes: readonly ((header: string) => string)[] = [
    () => "Digest",
    () => "Digest x",
    () => "a".repeat(8000),
    () => 'Digest username="',
    () => `Digest ${'a="b", '.repeat(1000)}`,
    () => "Basic dXNlcjpwYXNz",
    (header) => header.replace("qop=auth, ", ""), // no fall-back to RFC 2069
    (header) => header.replace("qop=auth", "qop=auth-int"),
    (header) => header.replace("algorithm=SHA-256", "algorithm=SHA-512"),
    (header) => header.replace("nc=00000001", "nc=1"),
    (header) => header.replace('realm="hk"', 'realm="london"'),
    (header) => header.replace('cnonce="c", ', ""),
    (header) => `${header}, username="1000"`,
  ];
  for (const change of changes) {
    const outcome = challengeOf(await checker.check(request({ headers: signed({ nonce, change }) }), findSecret));
    assert.deepEqual([outcome.stale, outcome.failed], [false, false]);
  }
});

const behindAnotherRealm = (header: string): string =>
  `Digest username="u", realm="else", nonce="n", uri="x", response="y",${header}`;

test("credentials of several realms in one header: ours are found", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const outcome = await checker.check(request({ headers: signed({ nonce, change: behindAnotherRealm }) }), findSecret);
  assert.equal(outcome.kind, "authenticated");
});

test("SEC-02: a method that was not signed is refused", async () => {
  const checker = guard();
  const nonce = await nonceOf(checker.check(request(), findSecret));
  const headers = signed({ nonce, method: "OPTIONS" });
  assert.equal(challengeOf(await checker.check(request({ headers }), findSecret)).failed, true);
});

const CREDENTIALS = { realm: "hk", username: "1000", secret: SECRET };

function responseWith(status: number, challenges: string) {
  return {
    status,
    header: (name: string) => (name.toLowerCase() === "proxy-authenticate" ? challenges : undefined),
  };
}

test("our client and our guard understand each other, and the second request needs no challenge", async () => {
  const checker = guard();
  const client = new DigestClient();
  const target = { peer: "sip:127.16.0.1", credentials: CREDENTIALS, method: "INVITE", uri: URI };
  assert.equal(client.preempt(target), undefined);
  const values = challengeOf(await checker.check(request(), findSecret)).headers["Proxy-Authenticate"] ?? [];
  const answers = [client.answer({ ...target, response: responseWith(407, values.join(",")) }), client.preempt(target)];
  for (const answer of answers) {
    const header = answer?.["Proxy-Authorization"] ?? "";
    assert.match(header, /algorithm=SHA-256/);
    const outcome = await checker.check(request({ headers: { "proxy-authorization": header } }), findSecret);
    assert.equal(outcome.kind, "authenticated");
  }
  assert.equal(client.preempt({ ...target, peer: "sip:127.16.0.2" }), undefined);
});

test("SEC-03: no hash for another realm, for a challenge without qop=auth, or for what is no challenge", () => {
  const client = new DigestClient();
  const target = { peer: "p", credentials: CREDENTIALS, method: "INVITE", uri: URI };
  const refused = [
    'Digest realm="evil", nonce="n", qop="auth"',
    'Digest realm="hk", nonce="n"',
    'Digest realm="hk", nonce="n", qop="auth-int"',
    'Digest realm="hk", nonce="", qop="auth"',
    'Digest realm="hk", nonce="n", qop="auth", algorithm=SHA-512-256',
    'Basic realm="hk"',
    "garbage",
    "",
  ];
  for (const challenge of refused) {
    assert.equal(client.answer({ ...target, response: responseWith(407, challenge) }), undefined);
  }
  assert.equal(
    client.answer({ ...target, response: responseWith(403, 'Digest realm="hk", nonce="n", qop="auth"') }),
    undefined,
  );
});
