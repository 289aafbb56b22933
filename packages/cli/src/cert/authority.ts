import type { X509Certificate } from "node:crypto";
import path from "node:path";
import { certificatesOf, credentialFault } from "@mss/certificates";
import type { KeyType } from "@mss/certificates";
import { issueAuthority } from "@mss/certificates/issue";
import type { IssuedPair } from "@mss/certificates/issue";
import { CertError, readIfThere, writePair } from "./cert-files.ts";
import { validFor } from "./validity.ts";

export interface AuthorityFiles {
  /** The authority that issues, then older ones that are still believed. */
  readonly certificate: string;
  readonly key: string;
}

/** The authority of a federation as it is on this machine. */
export interface Authority {
  readonly certificate: X509Certificate;
  /** The whole file, which nodes get: this authority and the ones before it. */
  readonly bundle: string;
  readonly believed: readonly X509Certificate[];
  /** PEM text; absent on machines where no certificates are made. */
  readonly key: string | undefined;
}

const AUTHORITY_DAYS = 3_650;

export function authorityFiles(directory: string): AuthorityFiles {
  return { certificate: path.join(directory, "authority.crt"), key: path.join(directory, "authority.key") };
}

/** The authority that is there; undefined when there is none. Rejects with CERT_AUTHORITY_INVALID. */
export async function readAuthority(files: AuthorityFiles): Promise<Authority | undefined> {
  const [bundle, key] = await Promise.all([readIfThere(files.certificate), readIfThere(files.key)]);
  if (bundle === undefined && key === undefined) {
    return undefined;
  }
  const believed = certificatesOf(bundle ?? "") ?? [];
  const [certificate] = believed;
  if (bundle === undefined || certificate === undefined) {
    const reason = bundle === undefined ? "it is missing" : "it holds no certificate in PEM form";
    throw new CertError("CERT_AUTHORITY_INVALID", { file: files.certificate, reason });
  }
  const fault = key === undefined ? undefined : credentialFault({ certificate: bundle, key, authority: bundle });
  if (fault !== undefined) {
    throw new CertError("CERT_AUTHORITY_INVALID", { file: files.key, reason: `it ${fault.problem}` });
  }
  return { certificate, bundle, believed, key };
}

/** What issues certificates. Throws CERT_AUTHORITY_ELSEWHERE on a machine that has the authority's certificate only. */
export function issuerOf({ certificate, key }: Authority, files: AuthorityFiles): IssuedPair {
  if (key === undefined) {
    const advice = "make certificates on the machine that has it, or begin anew with --new-authority";
    throw new CertError("CERT_AUTHORITY_ELSEWHERE", { missing: files.key, advice });
  }
  return { certificate: certificate.toString(), key };
}

export interface NewAuthorityOptions {
  readonly files: AuthorityFiles;
  readonly federation: string;
  readonly keyType: KeyType;
  readonly nowMs: number;
  /** What is believed on until it expires: certificates that it has issued stay good. */
  readonly before: Authority | undefined;
}

export async function makeAuthority(options: NewAuthorityOptions): Promise<Authority> {
  const { files, federation, keyType, nowMs, before } = options;
  const validity = validFor(AUTHORITY_DAYS, nowMs);
  const pair = await issueAuthority({ federation, validity, keyType });
  const older = (before?.believed ?? []).filter((old) => Date.parse(old.validTo) > nowMs);
  const bundle = [pair.certificate, ...older.map(String)].join("");
  await writePair(files, { certificate: bundle, key: pair.key });
  const made = await readAuthority(files);
  if (made === undefined) {
    throw new CertError("CERT_READ_FAILED", { file: files.certificate, reason: "it was written and is not there" });
  }
  return made;
}
