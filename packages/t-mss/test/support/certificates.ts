import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";
import type { IssuedPair } from "@mss/certificates/issue";
import type { TlsSettings } from "@mss/model";

const DAY_MS = 86_400_000;

export interface CertificateOptions {
  /** Name in the certificate; the node's own when absent. */
  readonly name?: string;
  readonly days?: number;
  /** Who issues it; the authority that all believe when absent. */
  readonly authority?: IssuedPair;
  readonly addresses?: readonly string[];
}

/** An authority and the folder in which its nodes find their certificates. */
export interface CertificateFolder {
  readonly authority: IssuedPair;
  /** Writes a certificate for `ID.acme`; the settings say where it is. */
  issue(id: string, options?: CertificateOptions): Promise<TlsSettings>;
  pairOf(name: string, options?: CertificateOptions): Promise<IssuedPair>;
}

function validity(days: number): { readonly from: Date; readonly to: Date } {
  return { from: new Date(Date.now() - 5 * DAY_MS), to: new Date(Date.now() + days * DAY_MS) };
}

export function newAuthority(): Promise<IssuedPair> {
  return issueAuthority({ federation: "acme", validity: validity(100), keyType: "ec" });
}

export async function certificateFolder(t: TestContext): Promise<CertificateFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const authority = await newAuthority();
  const file = (name: string): string => path.join(folder, name);
  await writeFile(file("authority.crt"), authority.certificate);
  const pairOf: CertificateFolder["pairOf"] = (
    name,
    { days = 90, addresses = [], authority: issuer = authority } = {},
  ) =>
    issueNodeCertificate({
      authority: issuer,
      names: { domains: [name], addresses },
      validity: validity(days),
      keyType: "ec",
    });
  return {
    authority,
    pairOf,
    async issue(id, options = {}) {
      const pair = await pairOf(options.name ?? `${id}.acme`, options);
      const settings = {
        certificate: file(`${id}.crt`),
        key: file(`${id}.key`),
        authority: file("authority.crt"),
        defaultListen: [],
      };
      await writeFile(settings.key, pair.key);
      await writeFile(settings.certificate, pair.certificate);
      return settings;
    },
  };
}
