import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { CodedError } from "@mss/runtime";

/** What keeps certificates from being made. */
export const CERT_ERRORS = {
  CERT_WRITE_FAILED: "a file of a certificate cannot be written",
  CERT_READ_FAILED: "a file of a certificate cannot be read",
  CERT_AUTHORITY_INVALID: "a file of the authority cannot be used",
  CERT_AUTHORITY_ELSEWHERE: "the authority's key is not on this machine",
} as const satisfies Record<string, string>;

export class CertError extends CodedError<keyof typeof CERT_ERRORS> {
  constructor(code: keyof typeof CERT_ERRORS, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(code, CERT_ERRORS[code], details, options);
  }
}

const KEY_MODE = 0o600;
const CERTIFICATE_MODE = 0o644;

export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

/** Undefined for a file that is not there. Rejects with CERT_READ_FAILED. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "latin1");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") {
      return undefined;
    }
    throw new CertError("CERT_READ_FAILED", { file, reason: systemCode(cause) }, { cause });
  }
}

/** Key first: a node that looks in between finds files that do not fit, and looks again. Rejects with CERT_WRITE_FAILED. */
export async function writePair(
  files: { readonly certificate: string; readonly key: string },
  pair: { readonly certificate: string; readonly key: string },
): Promise<void> {
  await writeWhole(files.key, pair.key, KEY_MODE);
  await writeWhole(files.certificate, pair.certificate, CERTIFICATE_MODE);
}

export function writeCertificate(file: string, text: string): Promise<void> {
  return writeWhole(file, text, CERTIFICATE_MODE);
}

/** A file is the old one or the new one, never half of it, and a key is never readable by others, not even for a moment. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(beside, text, { mode, flag: "wx" });
    await rename(beside, file);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new CertError("CERT_WRITE_FAILED", { file, reason: systemCode(cause) }, { cause });
  }
}
