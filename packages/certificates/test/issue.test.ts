import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { checkServerIdentity } from "node:tls";
import { KEY_TYPES, subjectNamesOf } from "@mss/certificates";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";

const DAY_MS = 86_400_000;
const validity = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + 10 * DAY_MS) };
const names = { domains: ["hk.acme", "sip.example.com"], addresses: ["192.0.2.10", "2001:db8::1"] };

for (const keyType of KEY_TYPES) {
  test(`a certificate with an ${keyType} key has its names, its dates, and the key it came with`, async () => {
    const authority = await issueAuthority({ federation: "acme", validity, keyType });
    const issued = await issueNodeCertificate({ authority, names, validity, keyType });
    const certificate = new X509Certificate(issued.certificate);
    const issuer = new X509Certificate(authority.certificate);
    assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(issued.key)));
    assert.deepEqual([issuer.ca, certificate.ca], [true, false]);
    assert.deepEqual(subjectNamesOf(certificate).domains, names.domains);
    assert.match(certificate.subjectAltName ?? "", /DNS:hk\.acme.*URI:sip:hk\.acme.*IP Address:192\.0\.2\.10/);
    assert.ok(certificate.checkIP("2001:db8::1") !== undefined && certificate.checkIP("192.0.2.11") === undefined);
    assert.ok(Math.abs(Date.parse(certificate.validTo) - validity.to.getTime()) < 1000);
    // what any other client on Node makes of it
    assert.equal(checkServerIdentity("sip.example.com", certificate.toLegacyObject()), undefined);
  });

  test(`openssl takes it under its strictest rules`, { skip: process.env["MSS_SKIP_OPENSSL"] ?? false }, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), "mss-certificates-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = (name: string, text: string): string => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const authority = await issueAuthority({ federation: "acme", validity, keyType });
    const issued = await issueNodeCertificate({ authority, names, validity, keyType });
    const [anchor, leaf] = [file("authority.crt", authority.certificate), file("hk.crt", issued.certificate)];
    for (const purpose of ["sslserver", "sslclient"]) {
      const flags = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", anchor, leaf];
      assert.match(execFileSync("openssl", flags, { encoding: "utf8" }), /: OK/);
    }
    const text = execFileSync("openssl", ["x509", "-in", leaf, "-noout", "-text"], { encoding: "utf8" });
    assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature/);
    assert.match(text, /TLS Web Server Authentication, TLS Web Client Authentication, 1\.3\.6\.1\.5\.5\.7\.3\.20/);
  });
}

test("two authorities of one federation are told apart, and dates far ahead are written as such", async () => {
  const far = { from: validity.from, to: new Date("2060-01-01T00:00:00Z") };
  const [one, other] = await Promise.all(
    [1, 2].map(() => issueAuthority({ federation: "acme", validity: far, keyType: "ec" })),
  );
  const [first, second] = [one, other].map((pair) => new X509Certificate(pair?.certificate ?? ""));
  assert.notEqual(first?.subject, second?.subject);
  assert.match(first?.validTo ?? "", /2060/);
});

test("an authority of one key type issues certificates of the other", async () => {
  const authority = await issueAuthority({ federation: "acme", validity, keyType: "rsa" });
  const issued = await issueNodeCertificate({ authority, names, validity, keyType: "ec" });
  const certificate = new X509Certificate(issued.certificate);
  assert.equal(certificate.publicKey.asymmetricKeyType, "ec");
  assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
});
