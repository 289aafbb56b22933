import type { X509Certificate } from "node:crypto";
import { certificatesOf } from "./credentials.ts";
import type { TlsCredentials } from "./credentials.ts";

const DAY_MS = 86_400_000;

/** When credentials cease to be believed. */
export interface Expiry {
  /** Of the certificate that expires first: the node's own, or one of those above it. */
  readonly subject: string;
  readonly isAuthority: boolean;
  readonly at: Date;
}

/** The earliest end of the node's certificate and of those that it stands on; undefined where there is no certificate. */
export function expiryOf({
  certificate,
  authority,
}: Pick<TlsCredentials, "certificate" | "authority">): Expiry | undefined {
  const [own, ...above] = certificatesOf(certificate) ?? [];
  if (own === undefined) {
    return undefined;
  }
  const issuers = [...above, ...(certificatesOf(authority) ?? [])];
  const chain = chainOf(own, issuers);
  const ends = chain.map((link) => ({ subject: link.subject, isAuthority: link !== own, at: new Date(link.validTo) }));
  return ends.reduce((first, other) => (other.at < first.at ? other : first));
}

/** Up to where nobody that we know has issued it. Of several issuers of one name the one that lasts longest. */
function chainOf(own: X509Certificate, issuers: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = [own];
  for (let last: X509Certificate | undefined = own; last !== undefined;) {
    const current: X509Certificate = last;
    const above: readonly X509Certificate[] = issuers
      .filter((issuer) => !chain.includes(issuer) && current.checkIssued(issuer) && current.verify(issuer.publicKey))
      .toSorted((one, other) => Date.parse(other.validTo) - Date.parse(one.validTo));
    last = above[0];
    chain.push(...above.slice(0, 1));
  }
  return chain;
}

/** Whole days from `nowMs` on; negative when it has expired. */
export function daysLeft(at: Date, nowMs: number): number {
  return Math.floor((at.getTime() - nowMs) / DAY_MS);
}
