import type { X509Certificate } from "node:crypto";
import { certificatesOf, credentialFault, daysLeft, expiryOf, subjectNamesOf } from "@mss/certificates";
import type { CertificateNames } from "@mss/certificates/issue";
import type { Authority } from "./authority.ts";
import { readIfThere } from "./cert-files.ts";

/** The certificate of a node as it is on this machine. */
export type NodeState =
  | { readonly kind: "none" }
  /** One of the two files is not there, or they do not belong together. */
  | { readonly kind: "broken"; readonly problem: string }
  | {
      readonly kind: "there";
      /** When it, or what it stands on, expires. */
      readonly validTo: Date;
      readonly daysLeft: number;
      /** Issued by the authority of this federation, so that it may be issued again. */
      readonly isOurs: boolean;
      /** Why it does not fit the topology; absent when it does. */
      readonly misfit?: string;
    };

export interface InspectOptions {
  readonly files: { readonly certificate: string; readonly key: string };
  readonly wanted: CertificateNames;
  readonly authority: Authority | undefined;
  readonly nowMs: number;
}

export async function inspectNode({ files, wanted, authority, nowMs }: InspectOptions): Promise<NodeState> {
  const [text, key] = await Promise.all([readIfThere(files.certificate), readIfThere(files.key)]);
  if (text === undefined && key === undefined) {
    return { kind: "none" };
  }
  if (text === undefined || key === undefined) {
    return { kind: "broken", problem: `${text === undefined ? files.certificate : files.key} is missing` };
  }
  const certificate = certificatesOf(text)?.[0];
  const fault = credentialFault({ certificate: text, key, authority: text });
  if (certificate === undefined || fault !== undefined) {
    const file = fault?.part === "key" ? files.key : files.certificate;
    return { kind: "broken", problem: `${file} ${fault?.problem ?? "holds no certificate"}` };
  }
  const misfit = misfitOf(certificate, wanted);
  const expiry = expiryOf({ certificate: text, authority: authority?.bundle ?? "" });
  const validTo = expiry?.at ?? new Date(certificate.validTo);
  return {
    kind: "there",
    validTo,
    daysLeft: daysLeft(validTo, nowMs),
    isOurs: authority?.believed.some((issuer) => certificate.checkIssued(issuer)) === true,
    ...(misfit === undefined ? {} : { misfit }),
  };
}

function misfitOf(certificate: X509Certificate, { domains, addresses }: CertificateNames): string | undefined {
  const names = subjectNamesOf(certificate);
  const missing = [
    ...domains.filter((domain) => !names.domains.includes(domain)),
    ...addresses.filter((address) => certificate.checkIP(address) === undefined),
  ];
  return missing.length === 0 ? undefined : `it does not hold ${missing.join(", ")}`;
}
