import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type { CertificateFiles, TlsCredentials } from "@mss/certificates";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";
import type { IssuedPair } from "@mss/certificates/issue";
import { createLog } from "@mss/runtime";
import type { Logger } from "@mss/runtime";

export const DAY_MS = 86_400_000;

export function validFor(days: number): { readonly from: Date; readonly to: Date } {
  return { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + days * DAY_MS + 60_000) };
}

export async function credentialsFor(
  domain: string,
  { days = 100, authority }: { readonly days?: number; readonly authority?: IssuedPair } = {},
): Promise<TlsCredentials> {
  const issuer = authority ?? (await issueAuthority({ federation: "acme", validity: validFor(1000), keyType: "ec" }));
  const names = { domains: [domain], addresses: [] };
  const issued = await issueNodeCertificate({ authority: issuer, names, validity: validFor(days), keyType: "ec" });
  return { ...issued, authority: issuer.certificate };
}

/** Files of a test, gone with it. */
export async function writeFiles(t: TestContext, credentials: TlsCredentials): Promise<CertificateFiles> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-certificates-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = {
    certificate: path.join(folder, "hk.crt"),
    key: path.join(folder, "hk.key"),
    authority: path.join(folder, "authority.crt"),
  };
  await rewrite(files, credentials);
  return files;
}

export async function rewrite(files: CertificateFiles, credentials: TlsCredentials): Promise<void> {
  await writeFile(files.key, credentials.key);
  await writeFile(files.certificate, credentials.certificate);
  await writeFile(files.authority, credentials.authority);
}

export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly days?: number;
  readonly reason?: string;
  readonly file?: string;
  readonly advice?: string;
}

function isLine(value: unknown): value is Line {
  return typeof value === "object" && value !== null && "level" in value && "msg" in value;
}

/** A log that can be waited for. */
export function listeningLog(): {
  readonly log: Logger;
  readonly lines: readonly Line[];
  said(message: string): Promise<Line>;
} {
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const write = (text: string): void => {
    const line: unknown = JSON.parse(text);
    if (isLine(line)) {
      lines.push(line);
    }
    waiting.forEach((look) => look());
  };
  const said = (message: string): Promise<Line> => {
    const { promise, resolve } = Promise.withResolvers<Line>();
    const look = (): void => {
      const found = lines.find(({ msg }) => msg === message);
      if (found !== undefined) {
        waiting.delete(look);
        resolve(found);
      }
    };
    waiting.add(look);
    look();
    return promise;
  };
  return { log: createLog({ level: "debug", destination: { write } }), lines, said };
}
