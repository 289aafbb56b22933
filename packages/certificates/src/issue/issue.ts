import { createHash, createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import type { webcrypto } from "node:crypto";
import { Integer, Utf8String } from "asn1js";
import { AttributeTypeAndValue, Certificate, RelativeDistinguishedNames, Time } from "pkijs";
import type { Extension } from "pkijs";
import {
  authorityKey,
  authorityUsage,
  basicConstraints,
  nodeUsage,
  purposes,
  subjectKey,
  subjectNames,
} from "./extensions.ts";
import type { CertificateNames } from "./extensions.ts";
import { HASH, exportKey, importKey, newKeyPair, pemOf } from "./keys.ts";
import type { KeyType } from "./keys.ts";

/** A certificate and its private key, as PEM texts. */
export interface IssuedPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

export interface AuthorityOptions {
  readonly federation: string;
  readonly validity: Validity;
  readonly keyType: KeyType;
}

export interface NodeCertificateOptions {
  readonly authority: IssuedPair;
  /** With one domain at least. */
  readonly names: CertificateNames;
  readonly validity: Validity;
  readonly keyType: KeyType;
}

const COMMON_NAME = "2.5.4.3";
const MAX_COMMON_NAME = 64; // RFC 5280 appendix A
const SERIAL_BYTES = 16; // RFC 5280 §4.1.2.2: at most 20; unique without anybody counting
const KEY_IDENTIFIER_BYTES = 20;
const TIME_OF_THIS_CENTURY = 2049; // RFC 5280 §4.1.2.5: UTCTime up to then

/** A new authority that may issue certificates for nodes, and nothing below them. RFC 5280. */
export async function issueAuthority(options: AuthorityOptions): Promise<IssuedPair> {
  const { federation, validity, keyType } = options;
  const pair = await newKeyPair(keyType);
  // A new authority of the same federation gets another name, or chains could not be told apart.
  const subject = `${federation} authority ${randomBytes(4).toString("hex")}`;
  const identifier = await keyIdentifier(pair.publicKey);
  const certificate = await sign({
    subject: nameOf(subject),
    issuer: nameOf(subject),
    publicKey: pair.publicKey,
    signingKey: pair.privateKey,
    validity,
    extensions: [basicConstraints(true), authorityUsage(), subjectKey(identifier), authorityKey(identifier)],
  });
  return { certificate, key: await exportKey(pair.privateKey) };
}

/** A node's certificate, signed by the authority; each has a key of its own. RFC 5280, RFC 5922. */
export async function issueNodeCertificate(options: NodeCertificateOptions): Promise<IssuedPair> {
  const { authority, names, validity, keyType } = options;
  const pair = await newKeyPair(keyType);
  const issuer = Certificate.fromBER(new Uint8Array(new X509Certificate(authority.certificate).raw));
  const issuerKey = Buffer.from(issuer.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView);
  const certificate = await sign({
    subject: nameOf(names.domains[0] ?? ""),
    issuer: issuer.subject,
    publicKey: pair.publicKey,
    signingKey: await importKey(createPrivateKey(authority.key)),
    validity,
    extensions: [
      basicConstraints(false),
      nodeUsage(keyType),
      purposes(),
      subjectNames(names),
      subjectKey(await keyIdentifier(pair.publicKey)),
      authorityKey(identifierOf(issuerKey)),
    ],
  });
  return { certificate, key: await exportKey(pair.privateKey) };
}

interface Unsigned {
  readonly subject: RelativeDistinguishedNames;
  readonly issuer: RelativeDistinguishedNames;
  readonly publicKey: webcrypto.CryptoKey;
  readonly signingKey: webcrypto.CryptoKey;
  readonly validity: Validity;
  readonly extensions: Extension[];
}

async function sign(unsigned: Unsigned): Promise<string> {
  const { subject, issuer, validity, extensions } = unsigned;
  const certificate = new Certificate();
  certificate.version = 2; // v3
  certificate.serialNumber = new Integer({ valueHex: serialNumber() });
  certificate.subject = subject;
  certificate.issuer = issuer;
  certificate.notBefore = timeOf(validity.from);
  certificate.notAfter = timeOf(validity.to);
  certificate.extensions = extensions;
  await certificate.subjectPublicKeyInfo.importKey(unsigned.publicKey);
  await certificate.sign(unsigned.signingKey, HASH);
  return pemOf("CERTIFICATE", certificate.toSchema(true).toBER(false));
}

function nameOf(commonName: string): RelativeDistinguishedNames {
  const value = new Utf8String({ value: commonName.slice(0, MAX_COMMON_NAME) });
  return new RelativeDistinguishedNames({ typesAndValues: [new AttributeTypeAndValue({ type: COMMON_NAME, value })] });
}

/** Positive, so without the highest bit. */
function serialNumber(): ArrayBuffer {
  const bytes = new Uint8Array(randomBytes(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}

function timeOf(date: Date): Time {
  return new Time({ type: date.getUTCFullYear() > TIME_OF_THIS_CENTURY ? 1 : 0, value: date });
}

async function keyIdentifier(publicKey: webcrypto.CryptoKey): Promise<ArrayBuffer> {
  const certificate = new Certificate();
  await certificate.subjectPublicKeyInfo.importKey(publicKey);
  return identifierOf(Buffer.from(certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView));
}

/** RFC 7093 §2 method 1. */
function identifierOf(subjectPublicKey: Buffer): ArrayBuffer {
  return new Uint8Array(createHash("sha256").update(subjectPublicKey).digest().subarray(0, KEY_IDENTIFIER_BYTES))
    .buffer;
}
