import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { CopyStore } from "@mss/model";
import { StoreError } from "../errors.ts";

/** First line of a copy: what it is, and the SHA-256 of all that follows. */
const FIRST_LINE = /^mss copy 1 ([0-9a-f]{64})$/;
const OWNER_ONLY = 0o600;

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
      const saved = last.then(() => writeCopy(file, JSON.stringify(value)));
      last = saved.catch(() => undefined); // the next one is written all the same
      return saved;
    },
  };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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

async function writeCopy(file: string, body: string): Promise<void> {
  const written = `${file}.new`;
  const directory = path.dirname(file);
  try {
    await mkdir(directory, { recursive: true });
    const handle = await open(written, "w", OWNER_ONLY);
    try {
      await handle.writeFile(`mss copy 1 ${digestOf(body)}\n${body}`);
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

/** The new name is on the disk, too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
