import { Integer, OctetString, BitString } from "asn1js";
import ipaddr from "ipaddr.js";
import {
  AltName,
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtKeyUsage,
  Extension,
  GeneralName,
  id_AuthorityKeyIdentifier,
  id_BasicConstraints,
  id_ExtKeyUsage,
  id_KeyUsage,
  id_SubjectAltName,
  id_SubjectKeyIdentifier,
} from "pkijs";
import type { KeyType } from "./keys.ts";

/** RFC 5280 §4.2.1.3, the bits as they lie in the first octet. */
const USAGE = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, cRLSign: 0x02 } as const;

/** What the key may be used for: both sides of TLS, and as a SIP domain (RFC 5924). */
const PURPOSES = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.20"];

const GENERAL_NAME = { dns: 2, uri: 6, ip: 7 } as const;

/** Names that go into a certificate. */
export interface CertificateNames {
  /** Domains: each stands as a DNS name and as a sip URI (RFC 5922 §7.1). The first is the subject's common name. */
  readonly domains: readonly string[];
  /** IP addresses, for phones that know a node by nothing else. */
  readonly addresses: readonly string[];
}

interface Encodable {
  toSchema(): { toBER(sizeOnly?: boolean): ArrayBuffer };
}

function extension(id: string, value: Encodable | ArrayBuffer, critical = false): Extension {
  const extnValue = value instanceof ArrayBuffer ? value : value.toSchema().toBER(false);
  return new Extension({ extnID: id, critical, extnValue });
}

export function basicConstraints(isAuthority: boolean): Extension {
  const constraints = isAuthority
    ? new BasicConstraints({ cA: true, pathLenConstraint: new Integer({ value: 0 }) })
    : new BasicConstraints({ cA: false });
  return extension(id_BasicConstraints, constraints, true);
}

export function authorityUsage(): Extension {
  return keyUsage(USAGE.keyCertSign | USAGE.cRLSign);
}

/** An RSA key may also be used by old phones that know no other key exchange than RSA's own. */
export function nodeUsage(keyType: KeyType): Extension {
  return keyUsage(keyType === "rsa" ? USAGE.digitalSignature | USAGE.keyEncipherment : USAGE.digitalSignature);
}

function keyUsage(bits: number): Extension {
  const unusedBits = Math.log2(bits & -bits);
  const usage = new BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits });
  return extension(id_KeyUsage, usage.toBER(false), true);
}

export function purposes(): Extension {
  return extension(id_ExtKeyUsage, new ExtKeyUsage({ keyPurposes: [...PURPOSES] }));
}

export function subjectKey(identifier: ArrayBuffer): Extension {
  return extension(id_SubjectKeyIdentifier, new OctetString({ valueHex: identifier }).toBER(false));
}

export function authorityKey(identifier: ArrayBuffer): Extension {
  const keyIdentifier = new OctetString({ valueHex: identifier });
  return extension(id_AuthorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier }));
}

export function subjectNames({ domains, addresses }: CertificateNames): Extension {
  const altNames = [
    ...domains.map((value) => new GeneralName({ type: GENERAL_NAME.dns, value })),
    ...domains.map((domain) => new GeneralName({ type: GENERAL_NAME.uri, value: `sip:${domain}` })),
    ...addresses.map((address) => new GeneralName({ type: GENERAL_NAME.ip, value: addressOctets(address) })),
  ];
  return extension(id_SubjectAltName, new AltName({ altNames }));
}

function addressOctets(address: string): OctetString {
  return new OctetString({ valueHex: new Uint8Array(ipaddr.parse(address).toByteArray()).buffer });
}
