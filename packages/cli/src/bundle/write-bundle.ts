import { execFile } from "node:child_process";
import { copyFile, lstat, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { systemCode } from "../cert/cert-files.ts";
import { MARKER } from "./bundle-contents.ts";
import type { BundleFile } from "./bundle-contents.ts";
import { BundleError } from "./bundle-error.ts";

export interface WriteBundleOptions {
  readonly node: string;
  readonly files: readonly BundleFile[];
  /** Directory, or file that ends in `.tar.gz`. */
  readonly out: string;
  /** Replace an older bundle of this node, and nothing else. */
  readonly force: boolean;
}

const ARCHIVE = /\.(?:tar\.gz|tgz)$/;
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;
const PLAIN_FILE = 0o644;

const run = promisify(execFile);

export function isArchive(out: string): boolean {
  return ARCHIVE.test(out);
}

/**
 * Writes everything beside the place first and moves it there whole. Rejects with BUNDLE_EXISTS for what is there and is not
 * to be replaced, and with BUNDLE_WRITE_FAILED.
 */
export async function writeBundle({ node, files, out, force }: WriteBundleOptions): Promise<void> {
  await refuseToReplace(out, node, force);
  const beside = `${out}.${process.pid}.new`;
  const name = path.basename(out).replace(ARCHIVE, "");
  try {
    await mkdir(path.join(beside, name), { recursive: true, mode: PRIVATE_DIRECTORY });
    await writeFiles(path.join(beside, name), files);
    await moveInto(out, beside, name);
  } catch (cause) {
    throw new BundleError("BUNDLE_WRITE_FAILED", { out, reason: systemCode(cause) }, { cause });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function writeFiles(directory: string, files: readonly BundleFile[]): Promise<void> {
  for (const { path: file, content, secret = false } of files) {
    const to = path.join(directory, file);
    await mkdir(path.dirname(to), { recursive: true, mode: PRIVATE_DIRECTORY });
    if (typeof content === "string") {
      await writeFile(to, content, { mode: secret ? PRIVATE_FILE : PLAIN_FILE, flag: "wx" });
    } else {
      await copyFile(content.copyOf, to);
    }
  }
}

async function moveInto(out: string, beside: string, name: string): Promise<void> {
  if (isArchive(out)) {
    const archive = path.join(beside, path.basename(out));
    await writeFile(archive, "", { mode: PRIVATE_FILE });
    await run("tar", ["-czf", archive, "--owner=0", "--group=0", "-C", beside, name]);
    await rename(archive, out);
    return;
  }
  await rm(out, { recursive: true, force: true });
  await rename(path.join(beside, name), out);
}

/** An archive is replaced when it was asked for; a directory only when it is a bundle of this node. */
async function refuseToReplace(out: string, node: string, force: boolean): Promise<void> {
  const there = await lstat(out).catch((cause: unknown) => {
    if (systemCode(cause) === "ENOENT") {
      return undefined;
    }
    throw new BundleError("BUNDLE_WRITE_FAILED", { out, reason: systemCode(cause) }, { cause });
  });
  if (there === undefined) {
    return;
  }
  if (!force) {
    throw new BundleError("BUNDLE_EXISTS", {
      out,
      advice: "replace it with --force, or choose another place with --out",
    });
  }
  const isReplaceable = isArchive(out) ? there.isFile() : there.isDirectory() && (await bundleIn(out)) === node;
  if (!isReplaceable) {
    throw new BundleError("BUNDLE_EXISTS", {
      out,
      advice: `it is no bundle of ${node}: choose another place with --out`,
    });
  }
}

async function bundleIn(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(directory, MARKER), "utf8")).trim();
  } catch {
    return undefined;
  }
}
