import { open, readFile } from "node:fs/promises";
import { createSigningKeyPem, readSigningKey } from "@mss/topology";
import type { SigningKey } from "@mss/topology";
import { hasCode } from "@mss/runtime";

export type KeyFile =
  | { readonly kind: "key"; readonly key: SigningKey }
  /** `text` is what a person is told. */
  | { readonly kind: "unusable"; readonly text: string };

const OWNER_ONLY = 0o600;
const MAX_KEY_CHARACTERS = 10_000;

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** Reads a private key that signs topologies. */
export async function readKeyFile(file: string, passphrase: string | undefined): Promise<KeyFile> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch (error) {
    const code = systemCode(error);
    const advice = code === "ENOENT" ? `make one with mss key create ${file}` : "let the user of this process read it";
    return { kind: "unusable", text: `the key ${file} cannot be read (${code ?? "unknown"}): ${advice}` };
  }
  try {
    return { kind: "key", key: readSigningKey(pem.slice(0, MAX_KEY_CHARACTERS), passphrase) };
  } catch (error) {
    if (!hasCode(error, "SIGNING_KEY_INVALID") || !(error instanceof Error)) {
      throw error;
    }
    const reason = "details" in error ? reasonOf(error.details) : "";
    return { kind: "unusable", text: `the key ${file} cannot be used: ${reason}` };
  }
}

function reasonOf(details: unknown): string {
  const reason: unknown = typeof details === "object" && details !== null ? Reflect.get(details, "reason") : undefined;
  const text = typeof reason === "string" ? reason : "it is no signing key";
  return text.includes("passphrase") ? `${text}; it is read from MSS_KEY_PASSPHRASE` : text;
}

/** Writes a new private key that only its owner may read. A file that is there is left as it is. */
export async function createKeyFile(file: string, passphrase: string | undefined): Promise<KeyFile> {
  const pem = createSigningKeyPem(passphrase);
  try {
    const handle = await open(file, "wx", OWNER_ONLY);
    try {
      await handle.writeFile(pem);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = systemCode(error);
    const text =
      code === "EEXIST"
        ? `${file} is there already, and a key is never written over: mss key show ${file} prints its public key`
        : `${file} cannot be written (${code ?? "unknown"})`;
    return { kind: "unusable", text };
  }
  return { kind: "key", key: readSigningKey(pem, passphrase) };
}
