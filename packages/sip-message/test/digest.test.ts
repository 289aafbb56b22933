import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type DigestAlgorithm,
  SipMessageError,
  digestHa1,
  digestResponse,
  formatDigestChallenge,
  formatDigestCredentials,
  parseDigestChallenge,
  parseDigestCredentials,
} from "@mss/sip-message";

// RFC 7616 §3.9.1
const NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const REALM = "http-auth@example.org";

function unsafe(error: unknown): boolean {
  return error instanceof SipMessageError && error.code === "UNSAFE_HEADER";
}

function rfc7616(algorithm: DigestAlgorithm): string {
  const ha1 = digestHa1({ algorithm, username: "Mufasa", realm: REALM, password: "Circle of Life" });
  const input = { algorithm, ha1, method: "GET", uri: "/dir/index.html", nonce: NONCE };
  return digestResponse({ ...input, nc: "00000001", cnonce: CNONCE, qop: "auth" });
}

test("RFC 7616 §3.9.1 with MD5 and with SHA-256", () => {
  assert.equal(rfc7616("MD5"), "8ca523f5e9506fed4657c9700eebdbec");
  assert.equal(rfc7616("SHA-256"), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
});

test("RFC 2617 §3.5 with qop, and the form of RFC 2069 without", () => {
  const ha1 = digestHa1({
    algorithm: "MD5",
    username: "Mufasa",
    realm: "testrealm@host.com",
    password: "Circle Of Life",
  });
  assert.equal(ha1, "939e7578ed9e3c518a452acee763bce9");
  const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
  const input = { algorithm: "MD5", ha1, method: "GET", uri: "/dir/index.html", nonce } as const;
  const response = digestResponse({ ...input, nc: "00000001", cnonce: "0a4f113b", qop: "auth" });
  assert.equal(response, "6629fae49393a05397450978507c4ef1");
  assert.equal(digestResponse(input), "670fd8c2df070c60b045671b8b24ff02");
});

test("auth-int covers the body, auth does not", () => {
  const ha1 = digestHa1({ algorithm: "SHA-256", username: "a", realm: "b", password: "c" });
  const input = {
    algorithm: "SHA-256",
    ha1,
    method: "INVITE",
    uri: "sip:a@b",
    nonce: "n",
    nc: "00000001",
    cnonce: "c",
  } as const;
  const of = (qop: "auth" | "auth-int", body: string): string => digestResponse({ ...input, qop, body });
  assert.notEqual(of("auth-int", "x"), of("auth-int", "y"));
  assert.equal(of("auth", "x"), of("auth", "y"));
});

test("challenges are written and read back", () => {
  const challenge = {
    realm: 'a "b" \\ c',
    nonce: "n",
    algorithm: "SHA-256",
    qop: ["auth"],
    opaque: "",
    stale: true,
  } as const;
  assert.deepEqual(parseDigestChallenge(formatDigestChallenge(challenge)), challenge);
  const rfc = `Digest realm="${REALM}", qop="auth, auth-int", algorithm=SHA-256, nonce="${NONCE}", opaque="o"`;
  const expected = { realm: REALM, nonce: NONCE, algorithm: "SHA-256", qop: ["auth", "auth-int"], opaque: "o" };
  assert.deepEqual(parseDigestChallenge(rfc), expected);
  assert.deepEqual(parseDigestChallenge('digest nonce="n",realm="r"')?.algorithm, "MD5");
});

test("credentials are written and read back", () => {
  const response = rfc7616("SHA-256");
  const credentials = {
    username: "Mufasa",
    realm: REALM,
    nonce: NONCE,
    uri: "/dir/index.html",
    response,
    algorithm: "SHA-256",
    qop: "auth",
    nc: "00000001",
    cnonce: CNONCE,
    opaque: "o",
  } as const;
  assert.deepEqual(parseDigestCredentials(formatDigestCredentials(credentials)), credentials);
});

// SEC-19
test("what is no challenge or no credentials is undefined", () => {
  const good = `Digest username="u", realm="r", nonce="n", uri="sip:b", response="${"0".repeat(32)}"`;
  assert.ok(parseDigestCredentials(good) !== undefined);
  const values = [
    "",
    "Digest",
    "Digest ",
    "Digest x",
    "Digest =x",
    "Basic dTpw",
    "NoOneKnowsThisScheme opaque-data=here",
    "a".repeat(8192),
    'Digest realm="r, nonce=n',
    'Digest realm="r" nonce="n"',
    'Digest realm="r", realm="s", nonce="n"',
    'Digest realm="r", nonce="n", algorithm=MD5-sess',
    'Digest realm="r", nonce="n", qop="token"',
    good.replace("0000", "zzzz"),
    good.replace("0000", "000"),
    `${good}, algorithm=SHA-256`,
    `${good}, qop=auth`,
    `${good}, qop=auth, nc=1, cnonce="c"`,
    `${good}, qop=other, nc=00000001, cnonce="c"`,
    `Digest ${"x=y,".repeat(1000)}`,
  ];
  for (const value of values) {
    assert.equal(parseDigestCredentials(value), undefined, value.slice(0, 80));
    if (!value.startsWith("Digest username")) {
      assert.equal(parseDigestChallenge(value), undefined, value.slice(0, 80));
    }
  }
});

test("a text that would break the header is not written, an unknown algorithm not computed", () => {
  for (const realm of ["a\rb", "a\nb", "a\0b", "\u010d"]) {
    assert.throws(() => formatDigestChallenge({ realm, nonce: "n", algorithm: "MD5", qop: [] }), unsafe);
  }
  const secret = { algorithm: "SHA-1", username: "u", realm: "r", password: "p" };
  // What plain JavaScript or a stored value may bring.
  assert.throws(() => Reflect.apply(digestHa1, undefined, [secret]), { code: "UNSUPPORTED_ALGORITHM" });
});
