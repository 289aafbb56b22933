import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { emptySharedText } from "@mss/model";
import type { CopyStore } from "@mss/model";
import { StoreError } from "../errors.ts";
import { jsonPieces } from "./json-pieces.ts";

/**
 * First line of a copy: what it is, and the SHA-256 of all that follows. That is a line of JSON, then the bytes that it
 * names by their length. In the first version there were no bytes.
 */
const FIRST_LINE = /^mss copy [12] ([0-9a-f]{64})$/;
const OWNER_ONLY = 0o600;
/** Written at once: large enough to be few, small enough to take less than a millisecond. */
const CHUNK = 262_144;
const LINE_BREAK = 10;

/**
 * One document in a file of its own, which may hold bytes: they are written as they are. It is written beside the old one, brought to the disk, and moved into its place: a
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

function digestOf(text: Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

function firstLine(digest: string): string {
  return `mss copy 2 ${digest}\n`;
}

async function readCopy(file: string): Promise<unknown> {
  let contents: Buffer;
  try {
    contents = await readFile(file);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      return undefined;
    }
    throw new StoreError("STORE_UNAVAILABLE", { file, operation: "loadCopy" }, { cause });
  }
  const end = contents.indexOf(LINE_BREAK);
  const body = contents.subarray(end + 1);
  if (end < 0 || FIRST_LINE.exec(contents.toString("latin1", 0, end))?.[1] !== digestOf(body)) {
    throw new StoreError("STORE_CORRUPT", { file, reason: "cut off, or changed by something else" });
  }
  return valueOf(body);
}

/** JSON with the bytes that follow in the places where it names them. */
function valueOf(body: Buffer): unknown {
  const end = body.indexOf(LINE_BREAK);
  let at = end + 1;
  return JSON.parse(body.toString("utf8", 0, end < 0 ? body.length : end), (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || !("$bytes" in item) || typeof item.$bytes !== "number") {
      return item;
    }
    const bytes = emptySharedText(item.$bytes);
    bytes.set(body.subarray(at, at + item.$bytes));
    at += item.$bytes;
    return bytes;
  });
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
  const write = async (chunk: Uint8Array): Promise<void> => {
    hash.update(chunk);
    await handle.appendFile(chunk);
  };
  const bytes: Uint8Array[] = [];
  let chunk = "";
  for (const piece of jsonPieces(value, bytes)) {
    chunk += piece;
    if (chunk.length >= CHUNK) {
      await write(Buffer.from(chunk));
      chunk = "";
    }
  }
  await write(Buffer.from(`${chunk}\n`));
  for (const each of bytes) {
    for (let at = 0; at < each.length; at += CHUNK) {
      await write(each.subarray(at, at + CHUNK));
    }
  }
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
