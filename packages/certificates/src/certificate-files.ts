import { readFile } from "node:fs/promises";
import { credentialFault } from "./credentials.ts";
import type { CredentialFault, CredentialPart, TlsCredentials } from "./credentials.ts";

/** Where the credentials of a node are: absolute paths of PEM files. */
export type CertificateFiles = Readonly<Record<CredentialPart, string>>;

/** What is wrong with one of the files, in words that go on after its name. */
export interface CertificateFileFault extends CredentialFault {
  readonly file: string;
  /** There is no such file, and no other of the three is wrong. */
  readonly isMissing: boolean;
}

export type CredentialsOutcome =
  | { readonly kind: "usable"; readonly credentials: TlsCredentials }
  | { readonly kind: "unusable"; readonly fault: CertificateFileFault };

const PARTS: readonly CredentialPart[] = ["certificate", "key", "authority"];

/** Reads the files and says whether TLS can be spoken with them. Never throws. */
export async function readCredentials(files: CertificateFiles): Promise<CredentialsOutcome> {
  const texts = await Promise.all(PARTS.map(async (part) => ({ part, ...(await readText(files[part])) })));
  const unread = texts.find((text) => text.kind === "unread");
  if (unread?.kind === "unread") {
    return { kind: "unusable", fault: fileFault(files, unread) };
  }
  const text = (wanted: CredentialPart): string => {
    const found = texts.find(({ part }) => part === wanted);
    return found?.kind === "read" ? found.text : "";
  };
  const credentials = { certificate: text("certificate"), key: text("key"), authority: text("authority") };
  const fault = credentialFault(credentials);
  return fault === undefined
    ? { kind: "usable", credentials }
    : { kind: "unusable", fault: { ...fault, file: files[fault.part], isMissing: false } };
}

type Text = { readonly kind: "read"; readonly text: string } | { readonly kind: "unread"; readonly code: string };

async function readText(file: string): Promise<Text> {
  try {
    return { kind: "read", text: await readFile(file, "latin1") };
  } catch (error) {
    return { kind: "unread", code: error instanceof Error && "code" in error ? String(error.code) : "unknown" };
  }
}

function fileFault(
  files: CertificateFiles,
  { part, code }: { readonly part: CredentialPart; readonly code: string },
): CertificateFileFault {
  const isMissing = code === "ENOENT";
  return {
    part,
    file: files[part],
    isMissing,
    problem: isMissing ? "does not exist" : `cannot be read (${code})`,
    advice: isMissing ? "make it with mss cert, or copy it here" : "let the user of this process read it",
  };
}
