import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { credentialFault, isCertificateOf, nodeName, subjectNamesOf } from "@mss/certificates";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";

const DAY_MS = 86_400_000;
const validity = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) };
const authority = await issueAuthority({ federation: "acme", validity, keyType: "ec" });

async function certificateWith(
  domains: readonly string[],
  addresses: readonly string[] = [],
): Promise<X509Certificate> {
  const issued = await issueNodeCertificate({ authority, names: { domains, addresses }, validity, keyType: "ec" });
  return new X509Certificate(issued.certificate);
}

/** A certificate as it is read, with that text of names. */
function withNames(subjectAltName: string): Pick<X509Certificate, "subjectAltName" | "checkIP"> {
  return { subjectAltName, checkIP: () => undefined };
}

test("the name of a node is its id and its federation, in lower case", () => {
  assert.equal(nodeName("hk", "Acme.Example"), "hk.acme.example");
});

test("a certificate is a peer's by its whole name or its address, and by nothing else", async () => {
  const certificate = await certificateWith(["hk.acme", "SIP.Example.com"], ["192.0.2.10", "2001:db8::1"]);
  for (const peer of ["hk.acme", "HK.ACME", "hk.acme.", "sip.example.com", "192.0.2.10", "2001:DB8:0::1"]) {
    assert.ok(isCertificateOf(certificate, peer), peer);
  }
  for (const peer of ["acme", "x.hk.acme", "hk.acme.evil", "", "192.0.2.1", "2001:db8::2", "localhost"]) {
    assert.ok(!isCertificateOf(certificate, peer), peer);
  }
});

test("a wildcard is a name like any other, and no pattern", async () => {
  const certificate = await certificateWith(["*.acme"]);
  assert.ok(!isCertificateOf(certificate, "hk.acme"));
});

test("sip URIs count before DNS names; other URIs, users and ports count for nothing", () => {
  assert.deepEqual(subjectNamesOf(withNames("DNS:www.acme, URI:sip:hk.acme, URI:https://x.acme")).domains, ["hk.acme"]);
  assert.deepEqual(subjectNamesOf(withNames("DNS:Hk.Acme, URI:sip:alice@hk.acme, DNS:hk.acme")).domains, ["hk.acme"]);
  assert.deepEqual(subjectNamesOf(withNames("URI:sip:hk.acme:5060, URI:sip:a;b=c")).domains, []);
  assert.deepEqual(subjectNamesOf(withNames("")).domains, []);
});

test("a value that looks like several names is one, and never another node's", () => {
  const quoted = withNames('DNS:"evil.acme\\u002c DNS:hk.acme", DNS:b.acme');
  assert.deepEqual(subjectNamesOf(quoted).domains, ["evil.acme, dns:hk.acme", "b.acme"]);
  assert.ok(!isCertificateOf(quoted, "hk.acme"));
  const nested = withNames('othername:"x, DNS:hk.acme"');
  assert.deepEqual(subjectNamesOf(nested), { domains: [], addresses: [] });
});

test("credentials that cannot be used: which part it is, and why", async () => {
  const [one, other] = await Promise.all(
    ["hk.acme", "london.acme"].map((domain) =>
      issueNodeCertificate({ authority, names: { domains: [domain], addresses: [] }, validity, keyType: "ec" }),
    ),
  );
  assert.ok(one !== undefined && other !== undefined);
  const good = { ...one, authority: authority.certificate };
  assert.equal(credentialFault(good), undefined);
  const cases = [
    [{ ...good, certificate: "" }, "certificate", /no certificate in PEM form/],
    [
      { ...good, certificate: good.certificate.replace(/[A-Z]{4}/g, "AAAA") },
      "certificate",
      /no certificate in PEM form/,
    ],
    [{ ...good, authority: "x" }, "authority", /no certificate in PEM form/],
    [{ ...good, key: "x" }, "key", /no private key in PEM form/],
    [
      { ...good, key: "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----" },
      "key",
      /password/,
    ],
    [{ ...good, key: other.key }, "key", /not the key of the certificate/],
  ] as const;
  for (const [credentials, part, problem] of cases) {
    const fault = credentialFault(credentials);
    assert.equal(fault?.part, part);
    assert.match(fault.problem, problem);
    assert.notEqual(fault.advice, "");
  }
});
