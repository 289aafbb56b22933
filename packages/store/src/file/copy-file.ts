import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import type { CopyStore } from "@mss/model";
import { StoreError } from "../errors.ts";
import { jsonPieces } from "./json-pieces.ts";

/** First line of a copy: what it is, and the SHA-256 of all that follows. */
const FIRST_LINE = /^mss copy 1 ([0-9a-f]{64})$/;
const OWNER_ONLY = 0o600;
/** Written at once: large enough to be few, small enough to take less than a millisecond. */
const CHUNK_CHARACTERS = 262_144;

/**
 * One document in a file of its own. It is written beside the old one, brought to the disk, and moved into its place: a
 * crash or a full disk leaves the old one as it was. Rejects with `STORE_CORRUPT` for a file that is cut off or was
 * changed, and with `STORE_UNAVAILABLE` for one that cannot be read or written.
 */
export function openCopyFile(file: string): CopyStore {
  let last: Promise<void> = Promise.resolve();
  return {
    load: () => readCopy(file),
    save(value) {
      const saved = last.then(() => writeCopy(file, value));
      last = saved.catch(() => undefined); // the next one is written all the same
      return saved;
    },
  };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function firstLine(digest: string): string {
  return `mss copy 1 ${digest}\n`;
}

async function readCopy(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      return undefined;
    }
    throw new StoreError("STORE_UNAVAILABLE", { file, operation: "loadCopy" }, { cause });
  }
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end < 0 || FIRST_LINE.exec(text.slice(0, end))?.[1] !== digestOf(body)) {
    throw new StoreError("STORE_CORRUPT", { file, reason: "cut off, or changed by something else" });
  }
  const value: unknown = JSON.parse(body);
  return value;
}

async function writeCopy(file: string, value: unknown): Promise<void> {
  const written = `${file}.new`;
  const directory = path.dirname(file);
  try {
    await mkdir(directory, { recursive: true });
    const handle = await open(written, "w", OWNER_ONLY);
    try {
      await writeDocument(handle, value);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(written, file);
    await syncDirectory(directory);
  } catch (cause) {
    await rm(written, { force: true }).catch(() => undefined);
    throw new StoreError("STORE_UNAVAILABLE", { file, operation: "saveCopy" }, { cause });
  }
}

/** The first line comes last, when the digest is known. */
async function writeDocument(handle: FileHandle, value: unknown): Promise<void> {
  const hash = createHash("sha256");
  await handle.write(firstLine("0".repeat(64)));
  let chunk = "";
  const flush = async (): Promise<void> => {
    hash.update(chunk);
    await handle.appendFile(chunk);
    chunk = "";
  };
  for (const piece of jsonPieces(value)) {
    chunk += piece;
    if (chunk.length >= CHUNK_CHARACTERS) {
      await flush();
    }
  }
  await flush();
  await handle.write(firstLine(hash.digest("hex")), 0);
}

/** The new name is on the disk, too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
